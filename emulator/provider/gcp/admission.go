package gcp

import (
	"github.com/coditect-ai/license-platform/emulator/provider"
)

// TypeAdmissionPolicy is the project's policy of Binary Authorization.
const TypeAdmissionPolicy = "gcp:binaryauthorization/policy:Policy"

// admissionPolicy is one for the whole project: it always exists, a creation
// changes it.
func (w *Cloud) admissionPolicy() provider.Kind {
	return provider.Kind{
		Type:     TypeAdmissionPolicy,
		Free:     "Binary Authorization is part of GKE",
		Retained: true,
		Adopt:    takeUp,
		ID:       func(d *provider.Draft) string { return "projects/" + d.Project() },
		Check: func(d *provider.Draft) []provider.Failure {
			const rule = "defaultAdmissionRule."
			attested := d.Inputs.Text(rule+"evaluationMode") == "REQUIRE_ATTESTATION"
			if d.Inputs.Text(rule+"evaluationMode") != "" && attested != d.Inputs.Has(rule+"requireAttestationsBies") {
				return []provider.Failure{provider.Refuse(rule+"requireAttestationsBies",
					"Error 400: require_attestations_by must be set if and only if evaluation_mode is REQUIRE_ATTESTATION")}
			}
			return nil
		},
	}
}
