package main

import (
	"fmt"
	"go/ast"
)

// values are what a property takes.
type values struct {
	oneOf    []string
	min, max *float64
	// match is a regular expression.
	match string
	// minLength and maxLength are those of a text.
	minLength, maxLength *float64
	// anyCase lets texts of oneOf differ in their case.
	anyCase bool
	// orEmpty lets an empty text through.
	orEmpty bool
	// cidr is "" or the form of address that is taken: "network" or "address".
	form string
}

const computeName = `^(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)$`

// validation reads one of the functions by which the provider judges values.
func (r *reader) validation(expression ast.Expr, v *values) {
	if selector, is := expression.(*ast.SelectorExpr); is {
		switch selector.Sel.Name {
		case "ValidateGCEName":
			v.match = computeName
		case "ValidateIpCidrRange":
			v.form = "network"
		case "ValidateIpAddress":
			v.form = "address"
		case "StringIsJSON":
			v.form = "json"
		case "StringIsNotEmpty":
			v.minLength = number(1)
		case "ValidateHourlyOnly":
			v.form = "hour"
		default:
			r.unread["validation "+selector.Sel.Name]++
		}
		return
	}
	call, is := expression.(*ast.CallExpr)
	if !is {
		r.unread[fmt.Sprintf("validation %T", expression)]++
		return
	}
	selector, is := call.Fun.(*ast.SelectorExpr)
	if !is {
		r.unread["validation by a function of its own"]++
		return
	}
	at := func(i int) *float64 {
		if number, is := r.value(call.Args[i]).(float64); is {
			return &number
		}
		r.unread["a limit of "+selector.Sel.Name]++
		return nil
	}
	switch selector.Sel.Name {
	case "ValidateEnum":
		v.oneOf = r.texts(call.Args[0])
	case "StringInSlice":
		v.oneOf = r.texts(call.Args[0])
		v.anyCase, _ = r.value(call.Args[1]).(bool)
	case "IntBetween", "FloatBetween":
		v.min, v.max = at(0), at(1)
	case "IntAtLeast", "FloatAtLeast":
		v.min = at(0)
	case "IntAtMost":
		v.max = at(0)
	case "ValidateRegexp":
		v.match, _ = r.value(call.Args[0]).(string)
		if v.match == "" {
			r.unread["a regular expression"]++
		}
	case "StringMatch":
		if compiled, is := call.Args[0].(*ast.CallExpr); is {
			v.match, _ = r.value(compiled.Args[0]).(string)
		}
	case "StringLenBetween":
		v.minLength, v.maxLength = at(0), at(1)
	case "ValidateRFC1035Name":
		least, most := at(0), at(1)
		v.match = fmt.Sprintf("^(?:[a-z](?:[-a-z0-9]{%.0f,%.0f}[a-z0-9])?)$", *least-2, *most-2)
	case "ValidateProjectID":
		v.match, _ = r.value(&ast.SelectorExpr{X: ast.NewIdent("verify"), Sel: ast.NewIdent("ProjectRegex")}).(string)
		v.match = "^" + v.match + "$"
	case "OrEmpty":
		v.orEmpty = true
		r.validation(call.Args[0], v)
	case "IsCIDRNetwork":
		v.form = fmt.Sprintf("network/%.0f-%.0f", *at(0), *at(1))
	default:
		r.unread["validation "+selector.Sel.Name]++
	}
}

func number(n float64) *float64 { return &n }
