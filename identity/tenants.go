package identity

import (
	"fmt"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/identityplatform"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// tenants sets up Identity Platform, where that is not done elsewhere, and
// declares one tenant for each customer. Whether strangers can sign up to a tenant, and
// its second factor, are settings of the tenant itself, which the provider (v5.42) does not
// know (https://github.com/hashicorp/terraform-provider-google/issues/20918): they are set
// once by hand (docs/operations.md), and no update of the provider's writes them.
func (a *Accounts) tenants(ctx *pulumi.Context, name string, args *AccountsArgs) error {
	settings := args.Settings.withDefaults()
	before := args.Services
	if !settings.ExistingConfig {
		config, err := a.config(ctx, name, args)
		if err != nil {
			return err
		}
		before = []pulumi.Resource{config}
	}
	ids := pulumi.StringMap{}
	for _, tenant := range settings.Tenants {
		made, err := identityplatform.NewTenant(ctx, name+"-"+tenant.Name, &identityplatform.TenantArgs{
			Project:               pulumi.String(args.Project),
			DisplayName:           pulumi.String(tenant.DisplayName),
			AllowPasswordSignup:   pulumi.Bool(tenant.PasswordSignIn),
			EnableEmailLinkSignin: pulumi.Bool(tenant.EmailLinkSignIn),
			// A suspended tenant keeps its users, but none of them can sign in.
			DisableAuth: pulumi.Bool(settings.SignInSuspended),
		}, pulumi.Parent(a), pulumi.DependsOn(before), pulumi.Protect(settings.Protected()))
		if err != nil {
			return fmt.Errorf("declaring tenant %q: %w", tenant.Name, err)
		}
		ids[tenant.Name] = made.Name
	}
	a.TenantIDs = ids.ToStringMapOutput()
	return nil
}

// config sets up Identity Platform for the project: users belong to tenants,
// users of none cannot sign up or delete themselves, and every sign-in is logged. Google
// never deletes this resource: a destroy only forgets it.
// https://cloud.google.com/identity-platform/docs/reference/rest/v2/Config
func (a *Accounts) config(ctx *pulumi.Context, name string, args *AccountsArgs) (*identityplatform.Config, error) {
	settings := args.Settings.withDefaults()
	config, err := identityplatform.NewConfig(ctx, name, &identityplatform.ConfigArgs{
		Project:     pulumi.String(args.Project),
		MultiTenant: &identityplatform.ConfigMultiTenantArgs{AllowTenants: pulumi.Bool(true)},
		Client: &identityplatform.ConfigClientArgs{
			Permissions: &identityplatform.ConfigClientPermissionsArgs{
				DisabledUserSignup:   pulumi.Bool(true),
				DisabledUserDeletion: pulumi.Bool(true),
			},
		},
		Monitoring: &identityplatform.ConfigMonitoringArgs{
			RequestLogging: &identityplatform.ConfigMonitoringRequestLoggingArgs{Enabled: pulumi.Bool(true)},
		},
		Mfa: &identityplatform.ConfigMfaArgs{
			State: pulumi.String(settings.MFA),
			ProviderConfigs: identityplatform.ConfigMfaProviderConfigArray{
				&identityplatform.ConfigMfaProviderConfigArgs{
					State: pulumi.String(settings.MFA),
					TotpProviderConfig: &identityplatform.ConfigMfaProviderConfigTotpProviderConfigArgs{
						// How many half minutes a clock may be wrong.
						AdjacentIntervals: pulumi.Int(1),
					},
				},
			},
		},
		AuthorizedDomains: pulumi.ToStringArray(settings.AuthorizedDomains),
	}, pulumi.Parent(a), pulumi.DependsOn(args.Services))
	if err != nil {
		return nil, fmt.Errorf("declaring Identity Platform: %w", err)
	}
	return config, nil
}
