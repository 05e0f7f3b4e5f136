package gcp

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/coditect-ai/license-platform/emulator/provider"
)

// policy is a project's IAM policy, in the words of
// https://cloud.google.com/resource-manager/reference/rest/Shared.Types/Policy.
type policy struct {
	AuditConfigs []auditPolicy `json:"auditConfigs,omitempty"`
	Bindings     []binding     `json:"bindings,omitempty"`
}

type auditPolicy struct {
	Service         string           `json:"service"`
	AuditLogConfigs []map[string]any `json:"auditLogConfigs"`
}

type binding struct {
	Role    string   `json:"role"`
	Members []string `json:"members"`
}

// getIamPolicy puts the policy of a project together from what is in the store.
func (w *Cloud) getIamPolicy(_ context.Context, _ provider.Configuration, args provider.Properties) (provider.Properties, error) {
	project := args.Text("project")
	var found policy
	for _, r := range w.Store.List(TypeAuditConfig) {
		declared := provider.Properties(r.Outputs)
		if declared.Text("project") != project {
			continue
		}
		audit := auditPolicy{Service: declared.Text("service")}
		for _, item := range declared.List("auditLogConfigs") {
			if config, ok := item.(map[string]any); ok {
				audit.AuditLogConfigs = append(audit.AuditLogConfigs, config)
			}
		}
		found.AuditConfigs = append(found.AuditConfigs, audit)
	}
	members := map[string][]string{}
	for _, r := range w.Store.List("gcp:projects/iAMMember:IAMMember") {
		if declared := provider.Properties(r.Outputs); declared.Text("project") == project {
			members[declared.Text("role")] = append(members[declared.Text("role")], declared.Text("member"))
		}
	}
	for _, role := range slices.Sorted(maps.Keys(members)) {
		found.Bindings = append(found.Bindings, binding{Role: role, Members: members[role]})
	}
	data, err := json.Marshal(found)
	if err != nil {
		return nil, fmt.Errorf("write the IAM policy of %s: %w", project, err)
	}
	return provider.Properties{"id": project, "project": project, "etag": "BwYfLocal0s=", "policyData": string(data)}, nil
}
