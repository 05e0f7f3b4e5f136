// Package expression is Cloud Armor's rules language: it compiles the
// expressions of security policy rules, refuses what the API refuses, and
// evaluates them. It is built on cel-go with an environment of its own that
// holds what Google documents and nothing more (no "in", no ternary, no macros
// but has).
//
// Source: https://cloud.google.com/armor/docs/rules-language-reference (2026-04-10).
package expression

import (
	"fmt"
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/decls"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/stdlib"
)

// Language compiles expressions. It is immutable and safe for concurrent use.
type Language struct {
	env *cel.Env
}

// NewLanguage builds the language. An error would be a defect of this package.
func NewLanguage() (*Language, error) {
	options := []cel.EnvOption{cel.Macros(hasMacro())}
	options = append(options, attributes()...)
	options = append(options, cel.FunctionDecls(standardOperators()...))
	options = append(options, stringFunctions()...)
	options = append(options, armorFunctions()...)
	env, err := cel.NewCustomEnv(options...)
	if err != nil {
		return nil, fmt.Errorf("rules language: %w", err)
	}
	return &Language{env: env}, nil
}

// attributes are the documented fields. Dotted names are flat variables:
// "origin.ip" is one attribute, there is no object "origin".
func attributes() []cel.EnvOption {
	types := map[string]*cel.Type{
		"origin.ip":                             cel.StringType,
		"origin.user_ip":                        cel.StringType,
		"origin.region_code":                    cel.StringType,
		"origin.asn":                            cel.IntType,
		"origin.tls_ja3_fingerprint":            cel.StringType,
		"origin.tls_ja4_fingerprint":            cel.StringType,
		"request.headers":                       cel.MapType(cel.StringType, cel.StringType),
		"request.method":                        cel.StringType,
		"request.path":                          cel.StringType,
		"request.query":                         cel.StringType,
		"request.scheme":                        cel.StringType,
		"token.recaptcha_exemption.valid":       cel.BoolType,
		"token.recaptcha_action.score":          cel.DoubleType,
		"token.recaptcha_action.captcha_status": cel.StringType,
		"token.recaptcha_action.action":         cel.StringType,
		"token.recaptcha_action.valid":          cel.BoolType,
		"token.recaptcha_session.score":         cel.DoubleType,
		"token.recaptcha_session.valid":         cel.BoolType,
	}
	options := make([]cel.EnvOption, 0, len(types))
	for name, kind := range types {
		options = append(options, cel.Variable(name, kind))
	}
	return options
}

// standardOperators are CEL's own operators and functions, cut down to the
// overloads that the rules language has.
func standardOperators() []*decls.FunctionDecl {
	kept := map[string][]string{
		operators.LogicalAnd:     {overloads.LogicalAnd},
		operators.LogicalOr:      {overloads.LogicalOr},
		operators.LogicalNot:     {overloads.LogicalNot},
		operators.Equals:         {overloads.Equals},
		operators.NotEquals:      {overloads.NotEquals},
		operators.Less:           {overloads.LessInt64, overloads.LessDouble},
		operators.LessEquals:     {overloads.LessEqualsInt64, overloads.LessEqualsDouble},
		operators.Greater:        {overloads.GreaterInt64, overloads.GreaterDouble},
		operators.GreaterEquals:  {overloads.GreaterEqualsInt64, overloads.GreaterEqualsDouble},
		operators.Add:            {overloads.AddString},
		operators.Index:          {overloads.IndexMap},
		overloads.Contains:       {overloads.ContainsString},
		overloads.StartsWith:     {overloads.StartsWithString},
		overloads.EndsWith:       {overloads.EndsWithString},
		overloads.Matches:        {overloads.MatchesString},
		overloads.Size:           {overloads.SizeString},
		overloads.TypeConvertInt: {overloads.StringToInt},
	}
	var functions []*decls.FunctionDecl
	for _, function := range stdlib.Functions() {
		if wanted, found := kept[function.Name()]; found {
			functions = append(functions, function.Subset(func(overload *decls.OverloadDecl) bool {
				return slices.Contains(wanted, overload.ID())
			}))
		}
	}
	return functions
}

// hasMacro is the language's has(m['k']), which standard CEL does not accept:
// there has() takes a field selection only.
func hasMacro() cel.Macro {
	return cel.GlobalMacro("has", 1, func(factory cel.MacroExprFactory, _ ast.Expr, args []ast.Expr) (ast.Expr, *cel.Error) {
		if args[0].Kind() == ast.CallKind && args[0].AsCall().FunctionName() == operators.Index {
			operands := args[0].AsCall().Args()
			if key, isText := literal(operands[1]); isText {
				return factory.NewPresenceTest(operands[0], key), nil
			}
		}
		return nil, factory.NewError(args[0].ID(), "has() tests a key of a map, for example has(request.headers['cookie'])")
	})
}
