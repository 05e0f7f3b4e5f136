package pluginpreview

import (
	"crypto/rand"
	"fmt"

	"sigs.k8s.io/yaml"

	"github.com/coditect-ai/license-platform/k8s/ingress"
	"github.com/coditect-ai/license-platform/setting/stackfile"
)

// passwords are the secrets that a stack may ask for before anybody has set one.
var passwords = [...]string{"license-platform:migrationPassword", "license-platform:databasePassword"}

// opened returns a stack's settings with something else in place of whatever is
// encrypted in them, as nobody here has the key; and the stack's secrets.
func opened(stack string, committed []byte) (settings []byte, secrets map[string]string, err error) {
	config, err := stackfile.Config(stack, committed)
	if err != nil {
		return nil, nil, err
	}
	secrets = map[string]string{}
	for _, key := range passwords {
		secrets[key] = rand.Text()
	}
	for key, value := range config {
		if sealed(value) {
			secrets[key] = rand.Text()
			delete(config, key)
			continue
		}
		config[key] = unsealed(value)
	}
	unasked(config)
	settings, err = yaml.Marshal(map[string]any{"config": config})
	if err != nil {
		return nil, nil, fmt.Errorf("write the settings of stack %s: %w", stack, err)
	}
	return settings, secrets, nil
}

// unasked leaves out the check of what lives in the cluster: there is none here that
// could be asked.
func unasked(config map[string]any) {
	const key = "license-platform:checks"
	checks, _ := config[key].(map[string]any)
	if checks == nil {
		checks = map[string]any{}
	}
	skip, _ := checks["skip"].([]any)
	checks["skip"] = append(skip, ingress.CheckIngress)
	config[key] = checks
}

// sealed tells whether a value is one that `pulumi config set --secret` wrote.
func sealed(value any) bool {
	object, ok := value.(map[string]any)
	_, secure := object["secure"]
	return ok && secure && len(object) == 1
}

func unsealed(value any) any {
	if sealed(value) {
		return rand.Text()
	}
	switch value := value.(type) {
	case map[string]any:
		for key, item := range value {
			value[key] = unsealed(item)
		}
	case []any:
		for i, item := range value {
			value[i] = unsealed(item)
		}
	}
	return value
}
