package stack_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/stack/plan"
	"github.com/coditect-ai/license-platform/stack/stacktest"
)

// rights lists every binding of a plan, one a line: the declaration, the role and
// who has it.
func rights(made *plan.Plan) (all []string) {
	for _, r := range made.Resources {
		kind := r.Type[strings.LastIndex(r.Type, ":")+1:]
		if !strings.Contains(strings.ToLower(kind), "iam") || kind == "IAMAuditConfig" {
			continue
		}
		all = append(all, kind+" "+r.Name+" "+r.Text("role")+" "+r.Text("member"))
	}
	return all
}

func TestNobodyHasARightThatIsNotListedHere(t *testing.T) {
	t.Parallel()
	const (
		api       = "serviceAccount:license-api@coditect-cloud-infra.iam.gserviceaccount.com"
		migration = "serviceAccount:license-migrate@coditect-cloud-infra.iam.gserviceaccount.com"
		nodes     = "serviceAccount:gke-nodes@coditect-cloud-infra.iam.gserviceaccount.com"
		encrypts  = "roles/cloudkms.cryptoKeyEncrypterDecrypter serviceAccount:"
		pods      = "roles/iam.workloadIdentityUser serviceAccount:coditect-cloud-infra.svc.id.goog"
	)
	assert.ElementsMatch(t, []string{
		"CryptoKeyIAMMember keys-sql " + encrypts + "service-834900000001@gcp-sa-cloud-sql.iam.gserviceaccount.com",
		"CryptoKeyIAMMember keys-redis " + encrypts + "service-834900000001@cloud-redis.iam.gserviceaccount.com",
		"CryptoKeyIAMMember keys-secrets " + encrypts + "service-834900000001@gcp-sa-secretmanager.iam.gserviceaccount.com",
		"CryptoKeyIAMMember keys-registry " + encrypts + "service-834900000001@gcp-sa-artifactregistry.iam.gserviceaccount.com",
		"CryptoKeyIAMMember keys-logs " + encrypts + "service-834900000001@gcp-sa-logging.iam.gserviceaccount.com",
		"CryptoKeyIAMMember grants-api-sign roles/cloudkms.signer " + api,
		"CryptoKeyIAMMember grants-api-public-keys roles/cloudkms.publicKeyViewer " + api,
		"SecretIamMember grants-api-redis-auth roles/secretmanager.secretAccessor " + api,
		"SecretIamMember grants-migration-password roles/secretmanager.secretAccessor " + migration,
		"IAMMember grants-api-sql roles/cloudsql.client " + api,
		"IAMMember grants-api-sql-login roles/cloudsql.instanceUser " + api,
		"IAMMember grants-migration-sql roles/cloudsql.client " + migration,
		"RepositoryIamMember grants-nodes-images roles/artifactregistry.reader " + nodes,
		"IAMMember workload-identity-api " + pods + "[coditect-app/license-api]",
		"IAMMember workload-identity-migration " + pods + "[coditect-app/license-migrate]",
	}, rights(stacktest.Deploy(t, "prod")))
}

func TestAKeyIsUsedByThoseWhoNeedItOnly(t *testing.T) {
	everyStack(t, func(t *testing.T, made *plan.Plan) {
		users := map[string][]string{}
		const signing = "/cryptoKeys/license-signing"
		api := "serviceAccount:license-api@" + made.One(t, "pulumi:providers:gcp", "gcp").Text("project") + ".iam.gserviceaccount.com"
		signed := false
		for _, r := range made.Of(keyGrant) {
			users[r.Text("cryptoKeyId")] = append(users[r.Text("cryptoKeyId")], r.Text("role")+" "+r.Text("member"))
		}
		for key, who := range users {
			if strings.HasSuffix(key, signing) {
				signed = true
				assert.ElementsMatch(t, []string{
					"roles/cloudkms.signer " + api,
					"roles/cloudkms.publicKeyViewer " + api,
				}, who)
				continue
			}
			assert.Len(t, who, 1, "%s encrypts for one service agent", key)
			assert.Contains(t, who[0], "roles/cloudkms.cryptoKeyEncrypterDecrypter serviceAccount:")
		}
		assert.True(t, signed)
	})
}
