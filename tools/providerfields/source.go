package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
)

// folder is the source of one package: its functions and variables by name.
type folder struct {
	functions map[string]*ast.FuncDecl
	variables map[string]ast.Expr
	types     map[string]*ast.StructType
}

// provider is the source of a module, whose packages are parsed when they are
// asked for.
type provider struct {
	dir     string
	folders map[string]*folder
}

func (p *provider) folder(name string) (*folder, error) {
	if known := p.folders[name]; known != nil {
		return known, nil
	}
	entries, err := os.ReadDir(filepath.Join(p.dir, name))
	if err != nil {
		return nil, fmt.Errorf("read the package %s: %w", name, err)
	}
	found := &folder{map[string]*ast.FuncDecl{}, map[string]ast.Expr{}, map[string]*ast.StructType{}}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.dir, name, entry.Name()), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("parse: %w", err)
		}
		found.add(file)
	}
	p.folders[name] = found
	return found, nil
}

func (f *folder) add(file *ast.File) {
	for _, declaration := range file.Decls {
		switch declared := declaration.(type) {
		case *ast.FuncDecl:
			if declared.Recv == nil {
				f.functions[declared.Name.Name] = declared
			}
		case *ast.GenDecl:
			for _, spec := range declared.Specs {
				switch spec := spec.(type) {
				case *ast.ValueSpec:
					for i, name := range spec.Names {
						if i < len(spec.Values) {
							f.variables[name.Name] = spec.Values[i]
						}
					}
				case *ast.TypeSpec:
					if structure, is := spec.Type.(*ast.StructType); is {
						f.types[spec.Name.Name] = structure
					}
				}
			}
		}
	}
}
