package command

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/coditect-ai/license-platform/local/google/identity"
	"github.com/coditect-ai/license-platform/local/host/address"
	"github.com/coditect-ai/license-platform/local/pulumi/engine"
	"github.com/coditect-ai/license-platform/setting/stackfile"
)

const namespace = engine.Project + ":"

// settings are the stack's committed ones and what this machine adds.
type settings struct {
	file      []byte
	overrides map[string]any
	secrets   map[string]string
}

// readSettings reads Pulumi.local.yaml and works out the overrides: the chosen
// addresses, the endpoints, generated passwords, and what the user set by
// --config. The file itself is never changed.
func (a *app) readSettings(root, dir string, plan address.Plan) (settings, error) {
	s := settings{overrides: map[string]any{}, secrets: map[string]string{}}
	var err error
	if s.file, err = os.ReadFile(filepath.Join(root, "Pulumi."+engine.Stack+".yaml")); err != nil {
		return s, fmt.Errorf("read the stack's settings: %w", err)
	}
	authority, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		return s, fmt.Errorf("read the certificate authority: %w", err)
	}
	s.overrides[namespace+"endpoints"] = map[string]any{
		"kms": plan.KMS().String(), "secretManager": plan.SecretManager().String(), "sqlAdmin": plan.SQLAdmin().String(),
		"identityKeys": "https://" + plan.Identity().String() + identity.KeysPath,
		"registry":     plan.Registry().String(), "ca": string(authority),
	}
	network, err := engine.Overlay(s.file, namespace+"network", map[string]any{
		"privateServicesRange": plan.PrivateServices().String(),
	})
	if err != nil {
		return s, err
	}
	s.overrides[namespace+"network"] = network
	const password = "migrationPassword"
	if s.secrets[namespace+password], err = engine.Secret(dir, password); err != nil {
		return s, err
	}
	for _, assignment := range a.config {
		if err := s.assign(assignment); err != nil {
			return s, err
		}
	}
	return s, nil
}

// assign replaces one setting, given as layer.path.to.field=value; the value is JSON, or
// text when it is not valid JSON.
func (s *settings) assign(assignment string) error {
	path, text, found := strings.Cut(assignment, "=")
	layer, rest, nested := strings.Cut(path, ".")
	if !found || !nested || layer == "" || rest == "" {
		return fmt.Errorf("--config %q: it has to look like armor.rateLimit.count=50", assignment)
	}
	var value any
	if json.Unmarshal([]byte(text), &value) != nil {
		value = text
	}
	key := namespace + layer
	object, set := s.overrides[key].(map[string]any)
	if !set {
		var err error
		if object, err = engine.Overlay(s.file, key, nil); err != nil {
			return err
		}
		s.overrides[key] = object
	}
	fields := strings.Split(rest, ".")
	for _, field := range fields[:len(fields)-1] {
		inner, isObject := object[field].(map[string]any)
		if !isObject {
			inner = map[string]any{}
			object[field] = inner
		}
		object = inner
	}
	object[fields[len(fields)-1]] = value
	return nil
}

// demo is the tenant and licence that the local stack seeds, by the names in the
// settings.
func (s settings) demo() (tenant, license string) {
	var layer struct {
		Tenants []struct {
			Name     string `json:"name"`
			Licenses []struct {
				ID string `json:"id"`
			} `json:"licenses"`
		} `json:"tenants"`
	}
	config, err := stackfile.Config(engine.Stack, s.file)
	if err != nil {
		return "", ""
	}
	identity, err := json.Marshal(config[namespace+"identity"])
	if err != nil || json.Unmarshal(identity, &layer) != nil || len(layer.Tenants) == 0 {
		return "", ""
	}
	tenant = layer.Tenants[0].Name
	if len(layer.Tenants[0].Licenses) > 0 {
		license = layer.Tenants[0].Licenses[0].ID
	}
	return tenant, license
}

// readPlan returns the plan that was chosen before, if there was one.
func readPlan(dir string) (address.Plan, bool) {
	var plan address.Plan
	content, err := os.ReadFile(filepath.Join(dir, "plan.json"))
	if err != nil || json.Unmarshal(content, &plan) != nil || plan.Validate() != nil {
		return address.Plan{}, false
	}
	return plan, true
}

// choosePlan keeps the former plan with the changes by the flags.
func (a *app) choosePlan(dir string) (address.Plan, error) {
	plan, known := readPlan(dir)
	port, err := a.wantedEdgePort()
	if err != nil {
		return plan, err
	}
	switch {
	case port != 0:
		plan.EdgePort = port
	case !known:
		plan.EdgePort = defaultEdgePort
	}
	switch {
	case a.loopbackBlock != 0:
		plan.Block = a.loopbackBlock
	case !known:
		if plan.Block, err = address.ChooseBlock(dir); err != nil {
			return plan, err
		}
	}
	return plan, plan.Validate()
}
