package gcp

import (
	"embed"
	"strings"

	"github.com/coditect-ai/license-platform/emulator/provider"
)

// described is what the schema of the Terraform provider says about each type, in
// the version that the SDK is made of. `make fields` reads it from the provider's
// source.
//
//go:embed fields/*.json
var described embed.FS

// fields are what the schema says about a type, nil when nothing is known.
func fields(typ string) provider.Fields {
	module, rest, _ := strings.Cut(strings.TrimPrefix(typ, "gcp:"), "/")
	_, name, _ := strings.Cut(rest, ":")
	text, err := described.ReadFile("fields/" + module + "." + name + ".json")
	if err != nil {
		return nil // a test says that there is one for every kind
	}
	read, err := provider.ParseFields(text)
	if err != nil {
		return nil
	}
	return read
}
