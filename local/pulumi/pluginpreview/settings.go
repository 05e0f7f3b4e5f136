package pluginpreview

import (
	"crypto/rand"
	"fmt"

	"sigs.k8s.io/yaml"

	"github.com/coditect-ai/license-platform/k8s"
	"github.com/coditect-ai/license-platform/setting/stackfile"
)

// password is the secret that every stack needs.
const password = "license-platform:migrationPassword"

// withRandomSecrets returns a stack's settings and its secrets. Random text takes the
// place of every encrypted value, because the key that decrypts them is not here.
func withRandomSecrets(stack string, committed []byte) (settings []byte, secrets map[string]string, err error) {
	config, err := stackfile.Config(stack, committed)
	if err != nil {
		return nil, nil, err
	}
	secrets = map[string]string{password: rand.Text()}
	for key, value := range config {
		if isEncrypted(value) {
			secrets[key] = rand.Text()
			delete(config, key)
			continue
		}
		config[key] = replaceEncrypted(value)
	}
	skipClusterChecks(config)
	settings, err = yaml.Marshal(map[string]any{"config": config})
	if err != nil {
		return nil, nil, fmt.Errorf("write the settings of stack %s: %w", stack, err)
	}
	return settings, secrets, nil
}

// skipClusterChecks leaves out what the cluster's API server would be asked: no cluster
// can be reached here.
func skipClusterChecks(config map[string]any) {
	const key = "license-platform:checks"
	checks, _ := config[key].(map[string]any)
	if checks == nil {
		checks = map[string]any{}
	}
	skip, _ := checks["skip"].([]any)
	for _, name := range k8s.ClusterChecks() {
		skip = append(skip, name)
	}
	checks["skip"] = skip
	config[key] = checks
}

// isEncrypted tells whether a value is one that `pulumi config set --secret` wrote.
func isEncrypted(value any) bool {
	object, ok := value.(map[string]any)
	_, secure := object["secure"]
	return ok && secure && len(object) == 1
}

func replaceEncrypted(value any) any {
	if isEncrypted(value) {
		return rand.Text()
	}
	switch value := value.(type) {
	case map[string]any:
		for key, item := range value {
			value[key] = replaceEncrypted(item)
		}
	case []any:
		for i, item := range value {
			value[i] = replaceEncrypted(item)
		}
	}
	return value
}
