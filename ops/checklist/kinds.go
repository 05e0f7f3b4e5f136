package checklist

import (
	"fmt"

	"github.com/coditect-ai/license-platform/declared"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/stack/plan"
)

// The kinds of resources that items speak of.
const (
	googleProvider  = "pulumi:providers:gcp"
	api             = "license-api"
	firstContainer  = "spec.template.spec.containers[0]"
	signingKey      = "keys-signing"
	allowEverywhere = "0.0.0.0/0"
)

// flag finds a flag of the database in its instance.
func flag(name string) func(declared.Resource) string {
	return entry("settings.databaseFlags", name)
}

// variable finds an environment variable in the first container of a workload.
func variable(name string) func(declared.Resource) string {
	return entry(firstContainer+".env", name)
}

// entry finds the value of the entry of a list that has this name.
func entry(list, name string) func(declared.Resource) string {
	return func(r declared.Resource) string {
		items, _ := r.Get(list).([]any)
		for i, item := range items {
			if object, ok := item.(map[string]any); ok && object["name"] == name {
				return fmt.Sprintf("%s[%d].value", list, i)
			}
		}
		return ""
	}
}

// annotation is the path of an annotation of a Kubernetes object.
func annotation(name string) string { return fmt.Sprintf("metadata.annotations[%q]", name) }

// symmetric selects the keys that encrypt; an asymmetric key cannot rotate by
// itself (https://cloud.google.com/kms/docs/key-rotation#asymmetric).
func symmetric(r declared.Resource) bool { return r.Text("purpose") != "ASYMMETRIC_SIGN" }

// disposable says that a stack is made to be deleted, keys included: its settings
// leave the database unprotected, whose loss would be no smaller.
func disposable(within *plan.Plan) string {
	for _, instance := range within.Of(gcp.TypeDatabaseInstance) {
		if instance.Get("deletionProtection") != false {
			return ""
		}
	}
	return "the stack is made to be deleted (data.deletionProtection: false); what a destroy takes of a key can be restored for 30 days"
}
