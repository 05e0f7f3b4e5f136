package observe

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/projects"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/setting/enabled"
)

// CheckAudit is the name of the check of an existing audit configuration.
const CheckAudit = "audit"

// logTypes are the kinds of access that can be logged.
var logTypes = [...]string{"ADMIN_READ", "DATA_READ", "DATA_WRITE"}

// audit logs every read and write of data in the audited services; changes of
// configuration and of IAM policies are logged by Google always
// (https://cloud.google.com/logging/docs/audit/configure-data-access). A service has one
// configuration: declaring it replaces the existing one
// (google-beta/tpgiamresource/resource_iam_audit_config.go). So in a project with others
// their exemptions are looked up and declared again, and it outlives the stack.
func (o *Observability) audit(ctx *pulumi.Context, name string, args *Args) error {
	settings := args.Settings.withDefaults()
	if settings.ExistingAudit {
		return nil
	}
	policy := pulumi.String("{}").ToStringOutput()
	options := []pulumi.ResourceOption{pulumi.Parent(o), pulumi.DependsOn(args.Services)}
	if args.SharedProject {
		policy = o.projectPolicy(ctx, args.Project)
		options = append(options, pulumi.RetainOnDelete(true))
	}
	for _, service := range settings.AuditedServices {
		_, err := projects.NewIAMAuditConfig(ctx, name+"-"+service, &projects.IAMAuditConfigArgs{
			Project: pulumi.String(args.Project),
			Service: pulumi.String(service),
			AuditLogConfigs: policy.ApplyT(func(data string) ([]projects.IAMAuditConfigAuditLogConfig, error) {
				exempted, err := exemptions(data, service)
				return auditLogs(exempted), err
			}).(projects.IAMAuditConfigAuditLogConfigArrayOutput),
		}, options...)
		if err != nil {
			return fmt.Errorf("declaring the audit log of %s: %w", service, err)
		}
	}
	return nil
}

// projectPolicy is the project's IAM policy, in JSON.
func (o *Observability) projectPolicy(ctx *pulumi.Context, project string) pulumi.StringOutput {
	return pulumi.String(project).ToStringOutput().ApplyTWithContext(ctx.Context(), func(wait context.Context, project string) (string, error) {
		found, err := enabled.Look(wait, ctx, func() (*projects.GetIamPolicyResult, error) {
			return projects.GetIamPolicy(ctx, &projects.GetIamPolicyArgs{Project: project}, pulumi.Parent(o))
		})
		if err != nil {
			return "", fmt.Errorf("look up the IAM policy of project %s: %w", project, err)
		}
		return found.PolicyData, nil
	}).(pulumi.StringOutput)
}

// auditLogs log everything but the exempted members' access.
func auditLogs(exempted map[string][]string) []projects.IAMAuditConfigAuditLogConfig {
	all := make([]projects.IAMAuditConfigAuditLogConfig, 0, len(logTypes))
	for _, logType := range logTypes {
		all = append(all, projects.IAMAuditConfigAuditLogConfig{LogType: logType, ExemptedMembers: exempted[logType]})
	}
	return all
}

// iamPolicy is what the audit needs of a project's IAM policy
// (https://cloud.google.com/resource-manager/reference/rest/Shared.Types/Policy).
type iamPolicy struct {
	AuditConfigs []struct {
		Service         string `json:"service"`
		AuditLogConfigs []struct {
			LogType         string   `json:"logType"`
			ExemptedMembers []string `json:"exemptedMembers"`
		} `json:"auditLogConfigs"`
	} `json:"auditConfigs"`
}

func readPolicy(data string) (policy iamPolicy, err error) {
	if err := json.Unmarshal([]byte(data), &policy); err != nil {
		return policy, fmt.Errorf("read the project's IAM policy: %w", err)
	}
	return policy, nil
}

// exemptions are the members whose access to a service is not logged, by log type.
func exemptions(data, service string) (map[string][]string, error) {
	policy, err := readPolicy(data)
	found := map[string][]string{}
	for _, config := range policy.AuditConfigs {
		for _, log := range config.AuditLogConfigs {
			if config.Service == service {
				found[log.LogType] = append(found[log.LogType], log.ExemptedMembers...)
			}
		}
	}
	return found, err
}
