package expression

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limits on the size of an expression.
// Source: https://cloud.google.com/armor/quotas ("Limits") and
// https://cloud.google.com/armor/docs/rules-language-reference.
const (
	// MaxLength is the length of an expression in characters.
	MaxLength = 2048
	// MaxSubexpressions is how many parts && and || may join.
	MaxSubexpressions = 5
	// MaxSubexpressionLength is the length of one part in characters.
	MaxSubexpressionLength = 1024
)

// checkSize refuses an expression that is too long or has too many parts.
func checkSize(source string) error {
	if strings.TrimSpace(source) == "" {
		return fmt.Errorf("expression is empty; allowed: a condition, for example origin.region_code == 'US'")
	}
	if length := utf8.RuneCountInString(source); length > MaxLength {
		return fmt.Errorf("expression has %d characters; allowed: %d", length, MaxLength)
	}
	parts, comment := split(source)
	if comment {
		return fmt.Errorf("expression holds a comment; allowed: the condition alone")
	}
	if len(parts) > MaxSubexpressions {
		return fmt.Errorf("expression has %d subexpressions; allowed: %d (for a list use '[A,B]'.contains(x) or matches)", len(parts), MaxSubexpressions)
	}
	for _, part := range parts {
		if length := utf8.RuneCountInString(part); length > MaxSubexpressionLength {
			return fmt.Errorf("a subexpression has %d characters; allowed: %d", length, MaxSubexpressionLength)
		}
	}
	return nil
}

// Subexpressions splits an expression at && and ||, whatever parentheses group
// them. Inside text they join nothing, and as no function of the language takes
// a boolean, every other one joins two subexpressions.
func Subexpressions(source string) []string {
	parts, _ := split(source)
	return parts
}

func split(source string) (parts []string, comment bool) {
	start := 0
	for i := 0; i < len(source); {
		switch {
		case source[i] == '\'' || source[i] == '"':
			i = endOfText(source, i)
		case strings.HasPrefix(source[i:], "&&") || strings.HasPrefix(source[i:], "||"):
			parts = append(parts, strings.TrimSpace(source[start:i]))
			i += 2
			start = i
		case strings.HasPrefix(source[i:], "//"):
			return parts, true
		default:
			i++
		}
	}
	return append(parts, strings.TrimSpace(source[start:])), false
}

// endOfText returns the index after the string literal that begins at i.
func endOfText(source string, i int) int {
	quote := source[i : i+1]
	if triple := strings.Repeat(quote, 3); strings.HasPrefix(source[i:], triple) {
		quote = triple
	}
	raw := i > 0 && (source[i-1] == 'r' || source[i-1] == 'R')
	for j := i + len(quote); j < len(source); j++ {
		if source[j] == '\\' && !raw {
			j++
			continue
		}
		if strings.HasPrefix(source[j:], quote) {
			return j + len(quote)
		}
	}
	return len(source)
}
