package gcp_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
)

// sdk is the source of the provider's SDK, which says what each resource takes,
// requires, computes and keeps secret.
type sdk struct{ dir string }

func newSDK(t *testing.T) sdk {
	t.Helper()
	required, err := os.ReadFile("../../../go.mod")
	require.NoError(t, err)
	module := regexp.MustCompile(`github\.com/pulumi/pulumi-gcp/sdk/v\d+`).FindString(string(required))
	listed, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	require.NoError(t, err)
	return sdk{filepath.Join(strings.TrimSpace(string(listed)), "go", "gcp")}
}

// described is what the SDK says about one type.
type described struct {
	inputs, outputs, required, secret []string
}

// describe reads the file of a type such as gcp:kms/cryptoKey:CryptoKey.
func (s sdk) describe(t *testing.T, typ string) described {
	t.Helper()
	parts := strings.Split(typ, ":")
	module, name := filepath.Dir(parts[1]), parts[2]
	file := s.find(t, module, filepath.Base(parts[1])+".go")
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	var d described
	for _, declaration := range parsed.Decls {
		switch declared := declaration.(type) {
		case *ast.GenDecl:
			for _, spec := range declared.Specs {
				if typeSpec, is := spec.(*ast.TypeSpec); is {
					switch called := typeSpec.Name.Name; {
					case called == name:
						d.outputs = properties(typeSpec)
					case called[0] >= 'a' && strings.EqualFold(called, name+"Args"):
						d.inputs = properties(typeSpec)
					}
				}
			}
		case *ast.FuncDecl:
			if declared.Name.Name == "New"+name {
				d.required, d.secret = constructor(declared)
			}
		}
	}
	require.NotEmpty(t, d.outputs, typ)
	require.NotEmpty(t, d.inputs, typ)
	return d
}

// find looks a file up whatever the case of its name.
func (s sdk) find(t *testing.T, module, file string) string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(s.dir, module))
	require.NoError(t, err)
	for _, entry := range entries {
		if strings.EqualFold(entry.Name(), file) {
			return filepath.Join(s.dir, module, entry.Name())
		}
	}
	require.NoError(t, errors.New("the SDK has no "+module+"/"+file))
	return ""
}

// properties are the Pulumi names of a struct's fields.
func properties(spec *ast.TypeSpec) (names []string) {
	for _, field := range spec.Type.(*ast.StructType).Fields.List {
		if field.Tag == nil {
			continue
		}
		if _, rest, tagged := strings.Cut(field.Tag.Value, `pulumi:"`); tagged {
			names = append(names, rest[:strings.IndexByte(rest, '"')])
		}
	}
	return names
}

// constructor finds the arguments that a resource's constructor insists on, and
// the outputs that it makes secret.
func constructor(function *ast.FuncDecl) (required, secret []string) {
	ast.Inspect(function, func(node ast.Node) bool {
		call, is := node.(*ast.CallExpr)
		if !is {
			return true
		}
		selector, is := call.Fun.(*ast.SelectorExpr)
		if !is {
			return true
		}
		for _, text := range texts(call.Args) {
			switch {
			case selector.Sel.Name == "AdditionalSecretOutputs":
				secret = append(secret, text)
			case selector.Sel.Name == "New" && strings.HasPrefix(text, "invalid value for required argument '"):
				field := strings.TrimSuffix(strings.TrimPrefix(text, "invalid value for required argument '"), "'")
				required = append(required, strings.ToLower(field[:1])+field[1:])
			}
		}
		return true
	})
	return required, secret
}

func texts(arguments []ast.Expr) (found []string) {
	for _, argument := range arguments {
		ast.Inspect(argument, func(node ast.Node) bool {
			if literal, is := node.(*ast.BasicLit); is && literal.Kind == token.STRING {
				text, err := strconv.Unquote(literal.Value)
				if err == nil {
					found = append(found, text)
				}
			}
			return true
		})
	}
	return found
}

func TestEachKindRequiresComputesAndHidesWhatTheProviderDoes(t *testing.T) {
	t.Parallel()
	provider := newSDK(t)
	for _, kind := range (&gcp.Cloud{}).Kinds() {
		t.Run(kind.Type, func(t *testing.T) {
			t.Parallel()
			said := provider.describe(t, kind.Type)
			require.NotEmpty(t, kind.Fields, "nothing is known about it: emulator/provider/gcp/fields has no file of it")
			var required []string
			for path, field := range kind.Fields {
				top, _, nested := strings.Cut(path, ".")
				assert.Contains(t, said.inputs, strings.TrimSuffix(top, "[]"), "no input of the provider")
				if field.Required && !nested && path != kind.NameProperty {
					required = append(required, path)
				}
			}
			// The schema of Pulumi's bridge adds names of its own to what Terraform requires.
			assert.ElementsMatch(t, said.required, required, "required")
			var only []string // what the API alone decides
			for _, output := range said.outputs {
				if !slices.Contains(said.inputs, output) {
					only = append(only, output)
				}
			}
			assert.Subset(t, kind.Computed, only, "computed")
			for _, computed := range kind.Computed {
				assert.Contains(t, said.outputs, computed, "computed, but no output of the provider")
			}
			for _, secret := range said.secret {
				if !strings.HasSuffix(strings.ToLower(secret), "labels") && secret != "effectiveAnnotations" {
					assert.Contains(t, kind.Secret, secret, "secret")
				}
			}
		})
	}
}
