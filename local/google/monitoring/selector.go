package monitoring

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// selector selects time series: a filter of Cloud Monitoring that is read as
// PromQL.
// https://cloud.google.com/monitoring/promql/promql-mapping
type selector struct {
	metric   string
	matchers []string
}

var (
	comparisonForm = regexp.MustCompile(`^\s*(metric\.type|resource\.type|(?:metric|resource)\.labels?\."?[a-zA-Z_][a-zA-Z0-9_]*"?)\s*(!?=)\s*`)
	andForm        = regexp.MustCompile(`^\s*(?:AND\s+)?`)
	fullMatchForm  = regexp.MustCompile(`^monitoring\.regex\.full_match\(\s*`)
)

// parseSelector reads a filter that is a conjunction of comparisons with texts or
// full matches, which is what alerts and objectives are made of. Anything else is
// refused by its text.
// https://cloud.google.com/monitoring/api/v3/filters
func parseSelector(filter string) (selector, error) {
	var s selector
	for rest := strings.TrimSpace(filter); rest != ""; {
		found := comparisonForm.FindStringSubmatch(rest)
		if found == nil {
			return selector{}, fmt.Errorf("the filter cannot be read from %q on: only comparisons with = and !=, joined by AND, are acted out here", rest)
		}
		value, pattern, after, err := operand(rest[len(found[0]):])
		if err != nil {
			return selector{}, err
		}
		s.add(found[1], found[2], value, pattern)
		rest = strings.TrimSpace(after[len(andForm.FindString(after)):])
	}
	if s.metric == "" {
		return selector{}, errors.New("the filter names no metric.type")
	}
	return s, nil
}

// operand reads a quoted text, or the pattern of a full match.
func operand(text string) (value string, pattern bool, rest string, err error) {
	if open := fullMatchForm.FindString(text); open != "" {
		value, _, rest, err = operand(text[len(open):])
		rest, closed := strings.CutPrefix(strings.TrimSpace(rest), ")")
		if err == nil && !closed {
			err = fmt.Errorf("the full match of %q is not closed", value)
		}
		return value, true, rest, err
	}
	quoted, err := strconv.QuotedPrefix(text)
	if err == nil {
		value, err = strconv.Unquote(quoted)
	}
	if err != nil {
		return "", false, "", fmt.Errorf("the filter compares with %q, which is not a text in quotes", text)
	}
	return value, false, text[len(quoted):], nil
}

func (s *selector) add(left, operator, value string, pattern bool) {
	switch left {
	case "metric.type":
		s.metric = promName(value)
		return
	case "resource.type":
		left = "monitored_resource"
	default:
		left = strings.Trim(left[strings.LastIndex(left, ".")+1:], `"`)
	}
	if pattern {
		operator = map[string]string{"=": "=~", "!=": "!~"}[operator]
	}
	s.matchers = append(s.matchers, left+operator+strconv.Quote(value))
}

// with returns PromQL for the series, of the metric with a suffix and with more
// matchers.
func (s selector) with(suffix string, more ...string) string {
	return s.metric + suffix + "{" + strings.Join(append(s.matchers[:len(s.matchers):len(s.matchers)], more...), ",") + "}"
}

// promName is a metric's name in PromQL: the first slash becomes a colon, every
// other character that PromQL does not take an underscore.
func promName(metric string) string {
	domain, path, _ := strings.Cut(metric, "/")
	plain := regexp.MustCompile(`[^a-zA-Z0-9_]`)
	return plain.ReplaceAllString(domain, "_") + ":" + plain.ReplaceAllString(path, "_")
}
