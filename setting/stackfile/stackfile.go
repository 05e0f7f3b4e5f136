// Package stackfile reads a stack's file as the Pulumi CLI does.
package stackfile

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/coditect-ai/license-platform/setting"
)

// parts are what a stack's file may hold
// (https://www.pulumi.com/docs/iac/concepts/projects/stack-settings-file/).
func parts() []string {
	return []string{"config", "encryptedkey", "encryptionsalt", "environment", "secretsprovider"}
}

// Config returns the settings of a stack's file by their full key, as JSON has
// them: objects are map[string]any, numbers float64. name is the stack's, for
// errors.
//
// Pulumi reads YAML 1.2, in which on, off, yes and no are text; most libraries of
// Go read YAML 1.1, in which they are true and false, even as keys.
func Config(name string, content []byte) (map[string]any, error) {
	var file map[string]any
	if err := yaml.Unmarshal(content, &file); err != nil {
		return nil, fmt.Errorf("read Pulumi.%s.yaml: %w", name, err)
	}
	for _, part := range slices.Sorted(maps.Keys(file)) {
		if !slices.Contains(parts(), part) {
			return nil, fmt.Errorf("read Pulumi.%s.yaml: unknown field %q; allowed: %s", name, part, setting.Hint(part, parts()))
		}
	}
	encoded, err := json.Marshal(file["config"])
	if err != nil {
		return nil, fmt.Errorf("read Pulumi.%s.yaml: a key in config is not text: put it in quotes: %w", name, err)
	}
	config := map[string]any{}
	if err := json.Unmarshal(encoded, &config); err != nil {
		return nil, fmt.Errorf("read Pulumi.%s.yaml: config is not an object: %w", name, err)
	}
	if config == nil {
		config = map[string]any{}
	}
	return config, nil
}
