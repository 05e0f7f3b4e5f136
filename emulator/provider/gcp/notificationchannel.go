package gcp

import (
	"net/mail"

	"github.com/coditect-ai/license-platform/emulator/provider"
)

// TypeNotificationChannel is where an alert is told.
const TypeNotificationChannel = "gcp:monitoring/notificationChannel:NotificationChannel"

// notificationChannel needs what its type is reached by.
// https://cloud.google.com/monitoring/alerts/using-channels-api
func (w *Cloud) notificationChannel() provider.Kind {
	id := numbered("notificationChannels")
	return provider.Kind{
		Type: TypeNotificationChannel, ID: id,
		Numbered: true,
		Free:     "a channel is free",
		Own:      true,
		Computed: []string{"name", "verificationStatus"},
		Secret:   []string{"sensitiveLabels"},
		Compute:  named(id),
		Check: func(d *provider.Draft) []provider.Failure {
			kind := d.Inputs.Text("type")
			needed := map[string]string{"email": "labels.email_address", "pagerduty": "sensitiveLabels.serviceKey", "slack": "sensitiveLabels.authToken"}[kind]
			if needed != "" && !d.Inputs.Has(needed) {
				return []provider.Failure{provider.Refuse(needed, "Error 400: Field %q is required for a notification channel of type %s", needed, kind)}
			}
			if address := d.Inputs.Text("labels.email_address"); kind == "email" && address != "" {
				if _, err := mail.ParseAddress(address); err != nil {
					return []provider.Failure{provider.Refuse(needed, "Error 400: %q is not a valid e-mail address", address)}
				}
			}
			return nil
		},
	}
}
