package logfilter

import (
	"fmt"
	"net/url"
	"strings"
)

// parser reads tokens. OR binds closer than AND, and NOT closest:
// a OR NOT b AND c is (a OR (NOT b)) AND c.
type parser struct {
	tokens []token
	next   int
}

func (p *parser) peek() token { return p.tokens[p.next] }

func (p *parser) take() token {
	taken := p.peek()
	if taken.kind != end {
		p.next++
	}
	return taken
}

// keyword takes a word in capitals, when it is next.
func (p *parser) keyword(text string) bool {
	if t := p.peek(); t.kind != word || t.text != text {
		return false
	}
	p.next++
	return true
}

// query reads a whole filter. An empty one selects everything.
func (p *parser) query() (matcher, error) {
	if p.peek().kind == end {
		return func(map[string]any) bool { return true }, nil
	}
	selects, err := p.all(p.term)
	if err != nil {
		return nil, err
	}
	if left := p.take(); left.kind != end {
		return nil, unexpected(left)
	}
	return selects, nil
}

// all reads terms with AND, or nothing, between them.
func (p *parser) all(leaf func() (matcher, error)) (matcher, error) {
	left, err := p.any(leaf)
	for err == nil {
		if p.keyword("AND") || p.peek().kind != end && p.peek().kind != closing {
			var right matcher
			right, err = p.any(leaf)
			both := left
			left = func(e map[string]any) bool { return both(e) && right(e) }
			continue
		}
		return left, nil
	}
	return nil, err
}

// any reads terms with OR between them.
func (p *parser) any(leaf func() (matcher, error)) (matcher, error) {
	left, err := p.not(leaf)
	for err == nil && p.keyword("OR") {
		var right matcher
		right, err = p.not(leaf)
		either := left
		left = func(e map[string]any) bool { return either(e) || right(e) }
	}
	return left, err
}

func (p *parser) not(leaf func() (matcher, error)) (matcher, error) {
	if t := p.peek(); t.kind == word && t.text == "NOT" || t.kind == operator && t.text == "-" {
		p.next++
		inner, err := p.not(leaf)
		return func(e map[string]any) bool { return !inner(e) }, err
	}
	if p.peek().kind != open {
		return leaf()
	}
	p.next++
	inner, err := p.all(leaf)
	if err != nil {
		return nil, err
	}
	if t := p.take(); t.kind != closing {
		return nil, fmt.Errorf("at character %d: a bracket is not closed", t.at+1)
	}
	return inner, nil
}

// term reads a comparison, log_id("…") or text without a field.
func (p *parser) term() (matcher, error) {
	left := p.take()
	switch next := p.peek(); {
	case left.kind == word && next.kind == open && next.at == left.at+len(left.text):
		return p.function(left)
	case left.kind == word && next.kind == operator && next.text != "-":
		p.next++
		value := func() (matcher, error) { return p.value(left, next.text) }
		if p.peek().kind == open {
			return p.not(value)
		}
		return value()
	case left.kind == quoted || left.kind == word && left.text != "AND" && left.text != "OR":
		return func(e map[string]any) bool { return holds(e, left.text) }, nil
	}
	return nil, unexpected(left)
}

// value reads what a field is compared with.
func (p *parser) value(field token, op string) (matcher, error) {
	value := p.take()
	sign := ""
	if value.kind == operator && value.text == "-" {
		sign, value = "-", p.take()
	}
	if value.kind != word && value.kind != quoted {
		return nil, unexpected(value)
	}
	compares, err := comparison(field.path, op, sign+value.text, value.kind == word)
	if err != nil {
		return nil, fmt.Errorf("at character %d: %w", field.at+1, err)
	}
	return compares, nil
}

func (p *parser) function(name token) (matcher, error) {
	p.next++
	argument, closed := p.take(), p.take()
	if name.text != "log_id" {
		return nil, fmt.Errorf("at character %d: the function %s is not known; allowed is log_id", name.at+1, name.text)
	}
	if argument.kind != quoted || closed.kind != closing {
		return nil, fmt.Errorf(`at character %d: log_id takes one quoted name, as in log_id("syslog")`, name.at+1)
	}
	return func(e map[string]any) bool {
		full, _ := e["logName"].(string)
		_, id, _ := strings.Cut(full, "/logs/")
		plain, err := url.PathUnescape(id)
		return err == nil && plain == argument.text
	}, nil
}

func unexpected(t token) error {
	if t.kind == end {
		return fmt.Errorf("at character %d: the filter ends where something must follow", t.at+1)
	}
	return fmt.Errorf("at character %d: %q cannot stand here", t.at+1, t.text)
}
