package workload

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// declareAccounts gives the API and its migration identities of their own, each bound to
// a Google service account. Their pods do not call the Kubernetes API, so no token for it
// is mounted.
func (b *builder) declareAccounts(*Workload) error {
	b.accounts = map[string]*corev1.ServiceAccount{}
	for _, account := range []struct {
		name  string
		email pulumi.StringInput
	}{{APIName, b.args.APIEmail}, {MigrationName, b.args.MigrationEmail}} {
		declared, err := corev1.NewServiceAccount(b.ctx, account.name, &corev1.ServiceAccountArgs{
			Metadata: b.metadata(pulumi.String(account.name), pulumi.StringMap{
				"iam.gke.io/gcp-service-account": account.email,
			}, account.name),
			AutomountServiceAccountToken: pulumi.Bool(false),
		}, b.options()...)
		if err != nil {
			return err
		}
		b.accounts[account.name] = declared
	}
	return nil
}
