package logfilter

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// kind is what a token is.
type kind int

const (
	end kind = iota
	word
	quoted
	operator
	open
	closing
	comma
)

// token is one word, operator or bracket of a filter.
type token struct {
	kind kind
	text string
	// path are the parts of a word as a field's path: labels."k8s-pod/app" has two.
	path []string
	// at is where the token begins, in bytes.
	at int
}

// operators are tried in this order, the longer ones first.
var operators = [...]string{"=~", "!~", "!=", ">=", "<=", "=", ">", "<", ":"}

func scan(text string) ([]token, error) {
	var tokens []token
	for at := 0; ; {
		at += len(text[at:]) - len(strings.TrimLeftFunc(text[at:], unicode.IsSpace))
		rest := text[at:]
		if rest == "" {
			return append(tokens, token{kind: end, at: at}), nil
		}
		if strings.HasPrefix(rest, "--") {
			line, _, _ := strings.Cut(rest, "\n")
			at += len(line)
			continue
		}
		next, length, err := one(rest)
		if err != nil {
			return nil, fmt.Errorf("at character %d: %w", at+1, err)
		}
		next.at = at
		tokens = append(tokens, next)
		at += length
	}
}

// one reads the token that text begins with, and its length.
func one(text string) (token, int, error) {
	switch text[0] {
	case '(':
		return token{kind: open, text: "("}, 1, nil
	case ')':
		return token{kind: closing, text: ")"}, 1, nil
	case ',':
		return token{kind: comma, text: ","}, 1, nil
	case '-':
		return token{kind: operator, text: "-"}, 1, nil
	case '"':
		value, length, err := quote(text)
		return token{kind: quoted, text: value}, length, err
	}
	for _, each := range operators {
		if strings.HasPrefix(text, each) {
			return token{kind: operator, text: each}, len(each), nil
		}
	}
	return bare(text)
}

// bare reads a word; parts of a path may be quoted.
func bare(text string) (token, int, error) {
	found := token{kind: word}
	part, at := "", 0
	for at < len(text) {
		r, size := utf8.DecodeRuneInString(text[at:])
		switch {
		case r == '.':
			found.path, part = append(found.path, part), ""
		case r == '"' && part == "" && at > 0:
			value, length, err := quote(text[at:])
			if err != nil {
				return token{}, 0, err
			}
			part, size = value, length
		case unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_-/*+@%$", r):
			part += string(r)
		default:
			size = 0
		}
		if size == 0 {
			break
		}
		at += size
	}
	if at == 0 {
		return token{}, 0, fmt.Errorf("%q cannot stand here", text[:1])
	}
	found.text, found.path = text[:at], append(found.path, part)
	return found, at, nil
}

// quote reads the quoted text that text begins with, and its length.
func quote(text string) (string, int, error) {
	prefix, err := strconv.QuotedPrefix(text)
	if err != nil {
		return "", 0, fmt.Errorf("a quotation is not closed, or holds an escape that is not valid: %.20q", text)
	}
	value, err := strconv.Unquote(prefix)
	return value, len(prefix), err
}
