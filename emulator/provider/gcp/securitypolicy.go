package gcp

import (
	"context"
	"fmt"
	"strings"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// TypeSecurityPolicy is a Cloud Armor policy.
const TypeSecurityPolicy = "gcp:compute/securityPolicy:SecurityPolicy"

func (w *Cloud) securityPolicy() provider.Kind {
	return provider.Kind{
		Type: TypeSecurityPolicy, NameProperty: "name", ID: global("securityPolicies"),
		Own:      true,
		Computed: []string{"selfLink", "fingerprint"},
		Check: func(d *provider.Draft) []provider.Failure {
			var failures []provider.Failure
			return append(failures, w.checkInlineRules(d.Inputs)...)
		},
		Compute: func(_ context.Context, d *provider.Draft) error {
			if err := w.checkKindOfRules(global("securityPolicies")(d), d.Inputs); err != nil {
				return err
			}
			d.Outputs["selfLink"] = computeLink + global("securityPolicies")(d)
			fallback(d, "type", "CLOUD_ARMOR")
			return nil
		},
		Refusal: func(r store.Resource) error {
			if err := w.inUse("security_policy", r); err != nil {
				return err
			}
			name := provider.Properties(r.Outputs).Text("name")
			for _, config := range w.Store.List("kubernetes:cloud.google.com/v1:BackendConfig") {
				if provider.Properties(config.Inputs).Text("spec.securityPolicy.name") == name {
					return apiError(400, "The security_policy resource '%s' is already being used by BackendConfig '%s'; detach it there with securityPolicy: {name: \"\"} first", r.ID, config.ID)
				}
			}
			return nil
		},
		Remove: func(_ context.Context, r store.Resource) error { return w.removeRules(r.ID) },
	}
}

// removeRules deletes a policy's rules, which are part of it.
func (w *Cloud) removeRules(policy string) error {
	for _, r := range w.Store.List(TypeSecurityPolicyRule) {
		if !strings.HasPrefix(r.ID, policy+"/") {
			continue
		}
		if err := w.Store.Delete(r.Type, r.ID); err != nil {
			return fmt.Errorf("delete the rule %s with its policy: %w", r.ID, err)
		}
	}
	return nil
}
