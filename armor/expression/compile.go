package expression

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"

	"github.com/coditect-ai/license-platform/armor/rule"
)

// Program is a compiled expression. It is immutable and safe for concurrent use.
type Program struct {
	source  string
	program cel.Program
	calls   []WAFCall
	headers []string
}

// Source is the expression as it was written.
func (p *Program) Source() string { return p.source }

// WAFCalls are the preconfigured sets that the expression evaluates.
func (p *Program) WAFCalls() []WAFCall { return p.calls }

// Headers are the header names that the expression reads, as written. Keys of
// request.headers are lower case, so another spelling never matches.
func (p *Program) Headers() []string { return p.headers }

// Compile checks an expression and makes it ready to run. The error says what
// is wrong and what would be accepted.
func (l *Language) Compile(source string) (*Program, error) {
	if err := checkSize(source); err != nil {
		return nil, err
	}
	parsed, issues := l.env.Parse(source)
	if err := issues.Err(); err != nil {
		return nil, fmt.Errorf("expression does not parse: %w", err)
	}
	program := &Program{source: source}
	if err := program.inspect(parsed.NativeRep()); err != nil {
		return nil, err
	}
	checked, issues := l.env.Check(parsed)
	if err := issues.Err(); err != nil {
		return nil, fmt.Errorf("expression does not compile: %w", err)
	}
	if checked.OutputType() != cel.BoolType {
		return nil, fmt.Errorf("expression is of type %s; allowed: bool", checked.OutputType())
	}
	compiled, err := l.env.Program(checked)
	if err != nil {
		return nil, fmt.Errorf("expression cannot be planned: %w", err)
	}
	program.program = compiled
	return program, nil
}

// inspect walks the parsed expression: it refuses what the API refuses with a
// message of its own, and collects what the expression asks for.
func (p *Program) inspect(tree *ast.AST) error {
	var mistakes []error
	ast.PreOrderVisit(tree.Expr(), ast.NewExprVisitor(func(node ast.Expr) {
		switch node.Kind() {
		case ast.SelectKind:
			if node.AsSelect().IsTestOnly() {
				p.headers = append(p.headers, node.AsSelect().FieldName())
			}
		case ast.CallKind:
			if err := p.inspectCall(node.AsCall()); err != nil {
				mistakes = append(mistakes, err)
			}
		}
	}))
	return errors.Join(mistakes...)
}

func (p *Program) inspectCall(call ast.CallExpr) error {
	args := call.Args()
	switch call.FunctionName() {
	case operators.In:
		return errors.New("operator in is not in Cloud Armor's rules language; allowed: ==, ||, or '[US,CA]'.contains(origin.region_code)")
	case preconfiguredLegacy:
		return fmt.Errorf("%s is deprecated; allowed: %s('sqli-v422-stable', {'sensitivity': 1})", preconfiguredLegacy, preconfiguredWAF)
	case preconfiguredWAF:
		return p.inspectWAF(args)
	case operators.Index:
		if key, isText := literal(args[len(args)-1]); isText {
			p.headers = append(p.headers, key)
		}
	case overloads.Matches:
		if pattern, isText := literal(args[len(args)-1]); isText {
			if _, err := regexp.Compile(pattern); err != nil {
				return fmt.Errorf("matches: %w; allowed: an RE2 pattern", err)
			}
		}
	case "inIpRange":
		if within, isText := literal(args[len(args)-1]); isText {
			if _, err := netip.ParsePrefix(within); err != nil {
				return fmt.Errorf("inIpRange: %w; allowed: a CIDR range", err)
			}
		}
	}
	return nil
}

// inspectWAF wants literals: which signatures run is decided when a policy is
// saved, not when a request comes.
func (p *Program) inspectWAF(args []ast.Expr) error {
	if len(args) == 0 || len(args) > 2 {
		return fmt.Errorf("%s takes a set and an optional map", preconfiguredWAF)
	}
	name, isText := literal(args[0])
	if !isText {
		return fmt.Errorf("%s: the set is not a string literal", preconfiguredWAF)
	}
	call := WAFCall{Set: name, Sensitivity: DefaultSensitivity}
	if len(args) == 2 {
		if err := call.read(args[1]); err != nil {
			return fmt.Errorf("%s(%q): %w", preconfiguredWAF, name, err)
		}
	}
	if err := call.check(); err != nil {
		return fmt.Errorf("%s: %w", preconfiguredWAF, err)
	}
	p.calls = append(p.calls, call)
	return nil
}

func (c *WAFCall) read(options ast.Expr) error {
	if options.Kind() != ast.MapKind {
		return errors.New("the options are not a map literal")
	}
	for _, entry := range options.AsMap().Entries() {
		key, isText := literal(entry.AsMapEntry().Key())
		if !isText {
			return errors.New("an option's name is not a string literal")
		}
		value, err := literalValue(entry.AsMapEntry().Value())
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		if err := c.set(key, types.DefaultTypeAdapter.NativeToValue(value)); err != nil {
			return err
		}
	}
	return nil
}

// literalValue is an integer literal or a list of string literals.
func literalValue(node ast.Expr) (any, error) {
	switch node.Kind() {
	case ast.LiteralKind:
		return node.AsLiteral().Value(), nil
	case ast.ListKind:
		texts := make([]string, 0, node.AsList().Size())
		for _, element := range node.AsList().Elements() {
			text, isText := literal(element)
			if !isText {
				return nil, errors.New("holds something other than string literals")
			}
			texts = append(texts, text)
		}
		return texts, nil
	default:
		return nil, errors.New("is not a literal")
	}
}

// literal returns the text of a string literal.
func literal(node ast.Expr) (string, bool) {
	if node.Kind() != ast.LiteralKind {
		return "", false
	}
	text, isText := node.AsLiteral().Value().(string)
	return text, isText
}

func parseRange(text string) (netip.Prefix, error) { return rule.ParseRange(text) }
