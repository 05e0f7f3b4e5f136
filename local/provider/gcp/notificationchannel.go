package gcp

import "github.com/coditect-ai/license-platform/local/provider"

func (w *World) notificationChannel() provider.Kind {
	id := numbered("notificationChannels")
	return provider.Kind{
		Type: "gcp:monitoring/notificationChannel:NotificationChannel", ID: id,
		Required:  []string{"type"},
		Immutable: []string{"project"},
		Computed:  []string{"name", "verificationStatus"},
		Secret:    []string{"sensitiveLabels"},
		Compute:   named(id),
		Check: func(d *provider.Draft) []provider.Failure {
			needed := map[string]string{"email": "labels.email_address", "pagerduty": "sensitiveLabels.serviceKey", "slack": "sensitiveLabels.authToken"}[d.Inputs.Text("type")]
			if needed != "" && d.Inputs[map[bool]string{true: "labels", false: "sensitiveLabels"}[needed[0] == 'l']] == nil {
				return []provider.Failure{provider.Refuse(needed, "Error 400: Field %q is required for a notification channel of type %s", needed, d.Inputs.Text("type"))}
			}
			return nil
		},
	}
}
