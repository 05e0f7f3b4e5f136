// Package customresource knows the fields of GKE's custom resources that the
// stack declares, and finds what Google's controllers would refuse or, worse,
// silently ignore.
package customresource

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/santhosh-tekuri/jsonschema/v5"
	"sigs.k8s.io/yaml"
)

//go:embed definitions/*.yaml
var definitions embed.FS

// ErrUnknownKind is returned for an object that no definition describes.
var ErrUnknownKind = errors.New("no such custom resource on GKE")

// Definitions returns the CustomResourceDefinition manifests, one a document,
// in YAML, with structural schemas.
func Definitions() ([][]byte, error) {
	names, err := fs.Glob(definitions, "definitions/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list the custom resource definitions: %w", err)
	}
	manifests := make([][]byte, len(names))
	for i, name := range names {
		if manifests[i], err = definitions.ReadFile(name); err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
	}
	return manifests, nil
}

// Schemas validates objects of the known kinds. It is safe for concurrent use.
type Schemas struct {
	byKind map[string]*jsonschema.Schema
}

// NewSchemas compiles the definitions.
func NewSchemas() (*Schemas, error) {
	manifests, err := Definitions()
	if err != nil {
		return nil, err
	}
	s := &Schemas{byKind: map[string]*jsonschema.Schema{}}
	for _, manifest := range manifests {
		var d definition
		if err := yaml.UnmarshalStrict(manifest, &d); err != nil {
			return nil, fmt.Errorf("decode a custom resource definition: %w", err)
		}
		for _, version := range d.Spec.Versions {
			kind := d.Spec.Group + "/" + version.Name + " " + d.Spec.Names["kind"].(string)
			schema, err := compile(kind, version.Schema["openAPIV3Schema"])
			if err != nil {
				return nil, err
			}
			s.byKind[kind] = schema
		}
	}
	return s, nil
}

// Validate checks one object (decoded JSON with apiVersion and kind). Unknown
// fields are refused, as the API server does with strict field validation.
// Objects of a kind without definition give ErrUnknownKind.
func (s *Schemas) Validate(object map[string]any) error {
	kind := fmt.Sprintf("%v %v", object["apiVersion"], object["kind"])
	schema, known := s.byKind[kind]
	if !known {
		return fmt.Errorf("%s: %w", kind, ErrUnknownKind)
	}
	if err := schema.Validate(object); err != nil {
		var invalid *jsonschema.ValidationError
		if errors.As(err, &invalid) {
			return fmt.Errorf("%s is invalid:%s", object["kind"], leaves(invalid))
		}
		return fmt.Errorf("validate %s: %w", kind, err)
	}
	return nil
}

// definition is the part of a CustomResourceDefinition that is read here.
type definition struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	Metadata   map[string]any `json:"metadata"`
	Spec       struct {
		Group    string         `json:"group"`
		Scope    string         `json:"scope"`
		Names    map[string]any `json:"names"`
		Versions []struct {
			Name         string         `json:"name"`
			Served       bool           `json:"served"`
			Storage      bool           `json:"storage"`
			Subresources map[string]any `json:"subresources"`
			Schema       map[string]any `json:"schema"`
		} `json:"versions"`
	} `json:"spec"`
}

func compile(kind string, openAPI any) (*jsonschema.Schema, error) {
	content, err := json.Marshal(strict(openAPI, true))
	if err != nil {
		return nil, fmt.Errorf("encode the schema of %s: %w", kind, err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("schema.json", bytes.NewReader(content)); err != nil {
		return nil, fmt.Errorf("read the schema of %s: %w", kind, err)
	}
	schema, err := compiler.Compile("schema.json")
	if err != nil {
		return nil, fmt.Errorf("compile the schema of %s: %w", kind, err)
	}
	return schema, nil
}

// strict turns a structural schema into JSON Schema that refuses unknown
// fields, except below the standard metadata.
func strict(node any, closed bool) any {
	object, isObject := node.(map[string]any)
	if !isObject {
		return node
	}
	result := map[string]any{}
	for key, value := range object {
		switch key {
		case "x-kubernetes-int-or-string":
			result["type"] = []any{"integer", "string"}
		case "x-kubernetes-preserve-unknown-fields", "format":
		case "properties":
			properties := map[string]any{}
			for name, property := range value.(map[string]any) {
				properties[name] = strict(property, true)
			}
			result["properties"] = properties
			if closed {
				result["additionalProperties"] = false
			}
		case "items", "additionalProperties":
			result[key] = strict(value, true)
		default:
			result[key] = value
		}
	}
	return result
}

// leaves lists the mistakes themselves, without the schema's nesting.
func leaves(invalid *jsonschema.ValidationError) string {
	if len(invalid.Causes) == 0 {
		where := invalid.InstanceLocation
		if where == "" {
			where = "/"
		}
		return fmt.Sprintf(" %s: %s;", where, invalid.Message)
	}
	var text string
	for _, cause := range invalid.Causes {
		text += leaves(cause)
	}
	return text
}
