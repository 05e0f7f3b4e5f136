package main

import (
	"go/ast"
	"strings"
)

// shape is an object of the SDK: how it calls its properties, and what is below.
type shape struct {
	in   *folder
	name string
}

// child is one property of an object.
type child struct {
	name string
	// list says that there may be many, though the schema's block has one name.
	list  bool
	below *shape
}

// children are the properties of an object by their name in the SDK.
func (s *shape) children() map[string]child {
	all := map[string]child{}
	if s == nil || s.in.types[s.name] == nil {
		return all
	}
	for _, field := range s.in.types[s.name].Fields.List {
		if field.Tag == nil {
			continue
		}
		_, rest, tagged := strings.Cut(field.Tag.Value, `pulumi:"`)
		if !tagged {
			continue
		}
		name := rest[:strings.IndexByte(rest, '"')]
		c := child{name: name}
		for typ := field.Type; typ != nil; {
			switch t := typ.(type) {
			case *ast.StarExpr:
				typ = t.X
			case *ast.ArrayType:
				c.list, typ = true, t.Elt
			case *ast.Ident:
				if s.in.types[t.Name] != nil {
					c.below = &shape{s.in, t.Name}
				}
				typ = nil
			default:
				typ = nil
			}
		}
		all[name] = c
	}
	return all
}

// find looks a property of the schema up: the SDK writes names in another case,
// and those of lists in the plural.
func find(children map[string]child, property string) (child, bool) {
	parts := strings.Split(property, "_")
	for i := 1; i < len(parts); i++ {
		if parts[i] != "" {
			parts[i] = strings.ToUpper(parts[i][:1]) + parts[i][1:]
		}
	}
	name := strings.Join(parts, "")
	for _, candidate := range []string{name, name + "s", name + "es", strings.TrimSuffix(name, "y") + "ies", strings.TrimSuffix(name, "s"), renamed[name]} {
		if found, is := children[candidate]; is {
			return found, true
		}
	}
	return child{}, false
}

// renamed are the properties that the SDK calls otherwise.
var renamed = map[string]string{
	"auditLogConfig": "auditLogConfigs", "serviceAccountId": "serviceAccountId",
}
