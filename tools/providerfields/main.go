package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// resource is a type of the SDK.
type resource struct {
	// module and name are those of its token: gcp:MODULE/...:NAME.
	module, name string
	origin
}

// origin is where the schema of a type stands in the provider. It is the first entry of
// the type's file.
type origin struct {
	// Schema is the constructor or the variable, PACKAGE.NAME below google-beta/services.
	Schema string `json:"schema"`
	// Base is the variable, of the service's package or of google-beta/tpgiamresource, that holds the rest of the schema
	// of a grant.
	Base string `json:"base,omitempty"`
}

func main() {
	source := flag.String("provider", "", "the folder of the Terraform provider's source")
	sdk := flag.String("sdk", "", "the folder of the Pulumi SDK's source")
	into := flag.String("into", "", "the folder of the data, with a file for each type")
	flag.Parse()
	if err := run(*source, filepath.Join(*sdk, "go", "gcp"), *into); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(source, sdk, into string) error {
	upstream, pulumi := &provider{source, map[string]*folder{}}, &provider{sdk, map[string]*folder{}}
	files, err := filepath.Glob(filepath.Join(into, "*.json"))
	if err != nil {
		return fmt.Errorf("list the types: %w", err)
	}
	unread := map[string]int{}
	for _, file := range files {
		r, err := parse(file)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		text, err := r.read(upstream, pulumi, unread)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if err := os.WriteFile(file, text, 0o644); err != nil { //nolint:gosec // source
			return fmt.Errorf("write: %w", err)
		}
	}
	for _, what := range slices.Sorted(maps.Keys(unread)) {
		fmt.Fprintf(os.Stderr, "not understood: %s (%d)\n", what, unread[what])
	}
	return nil
}

// parse reads which type a file is about: kms.KeyRing.json about gcp:kms/keyRing:KeyRing.
func parse(file string) (resource, error) {
	module, name, dotted := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".json"), ".")
	text, err := os.ReadFile(file)
	if err != nil {
		return resource{}, fmt.Errorf("read: %w", err)
	}
	var head map[string]json.RawMessage
	if err := json.Unmarshal(text, &head); err != nil {
		return resource{}, fmt.Errorf("decode: %w", err)
	}
	r := resource{module: module, name: name}
	if err := json.Unmarshal(head[""], &r.origin); err != nil || r.Schema == "" || !dotted {
		return resource{}, errors.New(`the file has to be called MODULE.NAME.json and to begin with {"": {"schema":"PACKAGE.CONSTRUCTOR"}}`)
	}
	return r, nil
}

func (r resource) read(upstream, pulumi *provider, unread map[string]int) ([]byte, error) {
	properties, err := r.properties(upstream, unread)
	if err != nil {
		return nil, err
	}
	sdk, err := pulumi.folder(r.module)
	if err != nil {
		return nil, err
	}
	top := &shape{sdk, ""}
	for declared := range sdk.types {
		if declared[0] >= 'a' && strings.EqualFold(declared, r.name+"Args") {
			top.name = declared
		}
	}
	w := &writer{top: properties, shape: top, fields: map[string]field{}}
	w.write(properties, top, "")
	for _, path := range w.missing {
		fmt.Fprintf(os.Stderr, "%s.%s: the SDK has no %s\n", r.module, r.name, path)
	}
	return encode(r.origin, w.fields)
}

func (r resource) properties(upstream *provider, unread map[string]int) (map[string]*property, error) {
	in, name, _ := strings.Cut(r.Schema, ".")
	service, err := upstream.folder("google-beta/services/" + in)
	if err != nil {
		return nil, err
	}
	if service.variables[name] == nil {
		return (&reader{upstream, service, nil, unread}).resource(name)
	}
	properties := (&reader{upstream, service, nil, unread}).fields(service.variables[name])
	if r.Base == "" {
		return properties, nil
	}
	shared := service
	if service.variables[r.Base] == nil {
		if shared, err = upstream.folder("google-beta/tpgiamresource"); err != nil {
			return nil, err
		}
	}
	if shared.variables[r.Base] == nil {
		return nil, fmt.Errorf("neither the service's package nor tpgiamresource has a variable %s", r.Base)
	}
	maps.Copy(properties, (&reader{upstream, shared, nil, unread}).fields(shared.variables[r.Base]))
	return properties, nil
}
