package observe

import (
	"fmt"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/projects"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/setting"
)

// Checks compares the settings with the project's audit configuration, where that
// is left to its owner.
func Checks(ctx *pulumi.Context, s Settings, project string, opts ...pulumi.InvokeOption) setting.Checks {
	if !s.ExistingAudit {
		return nil
	}
	return setting.Checks{{Name: CheckAudit, Look: func() (setting.Problems, error) {
		found, err := projects.GetIamPolicy(ctx, &projects.GetIamPolicyArgs{Project: project}, opts...)
		if err != nil {
			return nil, fmt.Errorf("platform.project = %q: look up the IAM policy: %w", project, err)
		}
		return secretsAreAudited(found.PolicyData)
	}}}
}

// secretsAreAudited finds whether reads of secrets are logged, by the configuration
// of Secret Manager or of all services: one of the alerts reads that log.
func secretsAreAudited(data string) (ps setting.Problems, err error) {
	policy, err := readPolicy(data)
	if err != nil {
		return nil, err
	}
	for _, config := range policy.AuditConfigs {
		for _, log := range config.AuditLogConfigs {
			if (config.Service == secretsAPI || config.Service == "allServices") && log.LogType == "DATA_READ" {
				return nil, nil
			}
		}
	}
	ps.Add("observe.existingAudit", true, "the project's audit configuration does not log reads of secrets (DATA_READ of "+secretsAPI+"), so no alert would tell that a person read one",
		"false, or that configuration")
	return ps, nil
}
