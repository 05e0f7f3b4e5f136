package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"strconv"
)

// property is one property as the schema describes it.
type property struct {
	required, optional, computed, fixed bool
	kind                                string
	fallback                            any
	minItems, maxItems                  int
	conflicts, exactlyOne, leastOne     []string
	with                                []string
	values                              values
	item                                *property // of a list of plain values
	fields                              map[string]*property
}

// reader evaluates the expressions of one package.
type reader struct {
	provider *provider
	folder   *folder
	// bound are the values of a function's parameters and local variables.
	bound map[string]ast.Expr
	// unread collects what it does not understand.
	unread map[string]int
}

// resource reads the properties of the resource that a function returns.
func (r *reader) resource(function string) (map[string]*property, error) {
	declared := r.folder.functions[function]
	if declared == nil {
		return nil, fmt.Errorf("there is no function %s", function)
	}
	var schema ast.Expr
	ast.Inspect(declared, func(node ast.Node) bool {
		literal, is := node.(*ast.CompositeLit)
		if is && schema == nil && named(literal.Type, "Resource") {
			schema = member(literal, "Schema")
		}
		return schema == nil
	})
	if schema == nil {
		return nil, fmt.Errorf("%s returns no schema", function)
	}
	read := r.fields(schema)
	// Some add properties to a schema that they share: schm.Schema["project"] = …
	ast.Inspect(declared, func(node ast.Node) bool {
		assigned, is := node.(*ast.AssignStmt)
		if !is {
			return true
		}
		if index, is := assigned.Lhs[0].(*ast.IndexExpr); is && named(index.X, "Schema") {
			if name, is := r.value(index.Index).(string); is {
				read[name] = r.property(assigned.Rhs[0])
			}
		}
		return true
	})
	return read, nil
}

// fields reads a map of properties.
func (r *reader) fields(expression ast.Expr) map[string]*property {
	switch e := expression.(type) {
	case *ast.CompositeLit:
		read := map[string]*property{}
		for _, element := range e.Elts {
			pair := element.(*ast.KeyValueExpr)
			name, is := r.value(pair.Key).(string)
			if !is {
				r.unread["a name"]++
				continue
			}
			read[name] = r.property(pair.Value)
		}
		return read
	case *ast.CallExpr:
		if named(e.Fun, "MergeSchemas") {
			merged := map[string]*property{}
			for _, argument := range e.Args {
				maps.Copy(merged, r.fields(argument))
			}
			return merged
		}
		if body, bound := r.call(e); body != nil {
			return bound.fields(body)
		}
	case *ast.Ident:
		if meant := r.meant(e.Name); meant != nil {
			return r.fields(meant)
		}
	}
	r.unread[fmt.Sprintf("fields %T", expression)]++
	return nil
}

// property reads one property.
func (r *reader) property(expression ast.Expr) *property {
	switch e := expression.(type) {
	case *ast.UnaryExpr:
		return r.property(e.X)
	case *ast.CompositeLit:
		return r.literal(e)
	case *ast.Ident:
		if meant := r.meant(e.Name); meant != nil {
			return r.property(meant)
		}
	case *ast.CallExpr:
		if body, bound := r.call(e); body != nil {
			return bound.property(body)
		}
	}
	r.unread[fmt.Sprintf("property %T", expression)]++
	return &property{}
}

func (r *reader) literal(literal *ast.CompositeLit) *property {
	p := &property{}
	for _, element := range literal.Elts {
		pair := element.(*ast.KeyValueExpr)
		value := r.value(pair.Value)
		yes, _ := value.(bool)
		number, _ := value.(float64)
		switch pair.Key.(*ast.Ident).Name {
		case "Type":
			p.kind = pair.Value.(*ast.SelectorExpr).Sel.Name
		case "Required":
			p.required = yes
		case "Optional":
			p.optional = yes
		case "Computed":
			p.computed = yes
		case "ForceNew":
			p.fixed = yes
		case "Default":
			p.fallback = value
		case "MinItems":
			p.minItems = int(number)
		case "MaxItems":
			p.maxItems = int(number)
		case "ConflictsWith":
			p.conflicts = r.texts(pair.Value)
		case "ExactlyOneOf":
			p.exactlyOne = r.texts(pair.Value)
		case "AtLeastOneOf":
			p.leastOne = r.texts(pair.Value)
		case "RequiredWith":
			p.with = r.texts(pair.Value)
		case "ValidateFunc", "ValidateDiagFunc":
			r.validation(pair.Value, &p.values)
		case "Elem":
			r.element(pair.Value, p)
		}
	}
	return p
}

// element reads what a list, set or map consists of.
func (r *reader) element(expression ast.Expr, p *property) {
	for {
		switch e := expression.(type) {
		case *ast.UnaryExpr:
			expression = e.X
			continue
		case *ast.Ident:
			if meant := r.meant(e.Name); meant != nil {
				expression = meant
				continue
			}
		case *ast.CallExpr:
			if body, bound := r.call(e); body != nil {
				bound.element(body, p)
				return
			}
		case *ast.CompositeLit:
			if named(e.Type, "Resource") {
				p.fields = r.fields(member(e, "Schema"))
			} else {
				p.item = r.literal(e)
			}
			return
		}
		r.unread[fmt.Sprintf("element %T", expression)]++
		return
	}
}

// call finds what a function of the package returns, with its parameters bound.
func (r *reader) call(call *ast.CallExpr) (ast.Expr, *reader) {
	name, is := call.Fun.(*ast.Ident)
	if !is || r.folder.functions[name.Name] == nil {
		return nil, nil
	}
	declared := r.folder.functions[name.Name]
	bound := &reader{r.provider, r.folder, map[string]ast.Expr{}, r.unread}
	i := 0
	for _, parameters := range declared.Type.Params.List {
		for _, parameter := range parameters.Names {
			if i < len(call.Args) {
				bound.bound[parameter.Name] = call.Args[i]
			}
			i++
		}
	}
	for _, statement := range declared.Body.List {
		switch s := statement.(type) {
		case *ast.AssignStmt:
			if target, is := s.Lhs[0].(*ast.Ident); is {
				bound.bound[target.Name] = s.Rhs[0]
			}
		case *ast.ReturnStmt:
			return s.Results[0], bound
		}
	}
	return nil, nil
}

func (r *reader) meant(name string) ast.Expr {
	if bound := r.bound[name]; bound != nil {
		return bound
	}
	return r.folder.variables[name]
}

// value evaluates a plain value: a string, a bool or a float64; nil for all else.
func (r *reader) value(expression ast.Expr) any {
	switch e := expression.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			text, _ := strconv.Unquote(e.Value)
			return text
		}
		number, err := strconv.ParseFloat(e.Value, 64)
		if err == nil {
			return number
		}
	case *ast.ParenExpr:
		return r.value(e.X)
	case *ast.UnaryExpr:
		if number, is := r.value(e.X).(float64); is && e.Op == token.SUB {
			return -number
		}
	case *ast.BinaryExpr:
		return r.binary(e)
	case *ast.Ident:
		switch e.Name {
		case "true", "false":
			return e.Name == "true"
		}
		if meant := r.meant(e.Name); meant != nil {
			return r.value(meant)
		}
	case *ast.SelectorExpr:
		if shared, err := r.provider.folder("google-beta/verify"); err == nil && named(e.X, "verify") && shared.variables[e.Sel.Name] != nil {
			return (&reader{r.provider, shared, nil, r.unread}).value(shared.variables[e.Sel.Name])
		}
	}
	return nil
}

func (r *reader) binary(e *ast.BinaryExpr) any {
	left, right := r.value(e.X), r.value(e.Y)
	if a, is := left.(string); is && e.Op == token.ADD {
		if b, is := right.(string); is {
			return a + b
		}
	}
	a, isA := left.(float64)
	b, isB := right.(float64)
	switch {
	case !isA || !isB:
		return nil
	case e.Op == token.MUL:
		return a * b
	case e.Op == token.ADD:
		return a + b
	}
	return nil
}

// texts reads a list of texts.
func (r *reader) texts(expression ast.Expr) []string {
	switch e := expression.(type) {
	case *ast.CompositeLit:
		var all []string
		for _, element := range e.Elts {
			text, is := r.value(element).(string)
			if !is {
				r.unread["a text of a list"]++
				continue
			}
			all = append(all, text)
		}
		return all
	case *ast.Ident:
		if meant := r.meant(e.Name); meant != nil {
			return r.texts(meant)
		}
	case *ast.CallExpr:
		if named(e.Fun, "append") {
			all := r.texts(e.Args[0])
			for _, argument := range e.Args[1:] {
				if text, is := r.value(argument).(string); is {
					all = append(all, text)
				}
			}
			return all
		}
	}
	r.unread[fmt.Sprintf("texts %T", expression)]++
	return nil
}

// named says whether an expression is a name, perhaps one of another package.
func named(expression ast.Expr, name string) bool {
	switch e := expression.(type) {
	case *ast.Ident:
		return e.Name == name
	case *ast.SelectorExpr:
		return e.Sel.Name == name
	}
	return false
}

// member finds the value of a struct's field.
func member(literal *ast.CompositeLit, name string) ast.Expr {
	for _, element := range literal.Elts {
		if pair, is := element.(*ast.KeyValueExpr); is && named(pair.Key, name) {
			return pair.Value
		}
	}
	return nil
}
