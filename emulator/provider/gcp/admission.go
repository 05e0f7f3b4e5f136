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
		Retained: true,
		Adopt:    takeUp,
		ID:       func(d *provider.Draft) string { return "projects/" + d.Project() },
		Check: func(d *provider.Draft) []provider.Failure {
			const rule = "defaultAdmissionRule."
			failures := append(oneOf(d, "globalPolicyEvaluationMode", "ENABLE", "DISABLE"),
				oneOf(d, rule+"enforcementMode", "ENFORCED_BLOCK_AND_AUDIT_LOG", "DRYRUN_AUDIT_LOG_ONLY")...)
			failures = append(failures, oneOf(d, rule+"evaluationMode", "ALWAYS_ALLOW", "REQUIRE_ATTESTATION", "ALWAYS_DENY")...)
			attested := d.Inputs.Text(rule+"evaluationMode") == "REQUIRE_ATTESTATION"
			if d.Inputs.Text(rule+"evaluationMode") != "" && attested != d.Inputs.Has(rule+"requireAttestationsBies") {
				failures = append(failures, provider.Refuse(rule+"requireAttestationsBies",
					"Error 400: require_attestations_by must be set if and only if evaluation_mode is REQUIRE_ATTESTATION"))
			}
			return failures
		},
	}
}
