package main

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// resource is where the schema of a type stands.
type resource struct {
	// typ is Pulumi's type token without the gcp: in front.
	typ string
	// service is a package of the provider, function its constructor.
	service, function string
	// base and own are the variables of a schema that is made of two, as those of
	// grants are.
	base, own string
}

func main() {
	source := flag.String("provider", "", "the folder of the Terraform provider's source")
	sdk := flag.String("sdk", "", "the folder of the Pulumi SDK's source")
	into := flag.String("into", "", "the folder that the data is written to")
	flag.Parse()
	if err := run(*source, filepath.Join(*sdk, "go", "gcp"), *into); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(source, sdk, into string) error {
	upstream, pulumi := &provider{source, map[string]*folder{}}, &provider{sdk, map[string]*folder{}}
	if err := os.MkdirAll(into, 0o755); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	unread := map[string]int{}
	for _, r := range resources {
		text, err := r.read(upstream, pulumi, unread)
		if err != nil {
			return fmt.Errorf("%s: %w", r.typ, err)
		}
		if err := os.WriteFile(filepath.Join(into, r.file()), text, 0o644); err != nil { //nolint:gosec // source
			return fmt.Errorf("write: %w", err)
		}
	}
	for _, what := range slices.Sorted(maps.Keys(unread)) {
		fmt.Fprintf(os.Stderr, "not understood: %s (%d)\n", what, unread[what])
	}
	return nil
}

// file is where the data of a type stands: gcp:kms/keyRing:KeyRing is kms.KeyRing.json.
func (r resource) file() string {
	module, rest, _ := strings.Cut(r.typ, "/")
	_, name, _ := strings.Cut(rest, ":")
	return module + "." + name + ".json"
}

func (r resource) read(upstream, pulumi *provider, unread map[string]int) ([]byte, error) {
	properties, err := r.properties(upstream, unread)
	if err != nil {
		return nil, err
	}
	module, rest, _ := strings.Cut(r.typ, "/")
	_, name, _ := strings.Cut(rest, ":")
	sdk, err := pulumi.folder(module)
	if err != nil {
		return nil, err
	}
	top := &shape{sdk, ""}
	for declared := range sdk.types {
		if declared[0] >= 'a' && strings.EqualFold(declared, name+"Args") {
			top.name = declared
		}
	}
	w := &writer{top: properties, shape: top, fields: map[string]field{}}
	w.write(properties, top, "")
	for _, path := range w.missing {
		fmt.Fprintf(os.Stderr, "%s: the SDK has no %s\n", r.typ, path)
	}
	return encode(w.fields)
}

func (r resource) properties(upstream *provider, unread map[string]int) (map[string]*property, error) {
	service, err := upstream.folder("google-beta/services/" + r.service)
	if err != nil {
		return nil, err
	}
	if r.own == "" {
		return (&reader{upstream, service, nil, unread}).resource(r.function)
	}
	properties := (&reader{upstream, service, nil, unread}).fields(service.variables[r.own])
	if r.base == "" {
		return properties, nil
	}
	shared, err := upstream.folder("google-beta/tpgiamresource")
	if err != nil {
		return nil, err
	}
	maps.Copy(properties, (&reader{upstream, shared, nil, unread}).fields(shared.variables[r.base]))
	return properties, nil
}
