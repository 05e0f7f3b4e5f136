package daemon

import (
	"context"
	"crypto/sha256"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"cloud.google.com/go/secretmanager/apiv1/secretmanagerpb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	grpcmetadata "google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/coditect-ai/license-platform/emulator/cloudide"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
	"github.com/coditect-ai/license-platform/emulator/store"
	"github.com/coditect-ai/license-platform/local/cluster/metadata"
	"github.com/coditect-ai/license-platform/local/google/grpctest"
	"github.com/coditect-ai/license-platform/local/google/kms"
	"github.com/coditect-ai/license-platform/local/google/secretmanager"
)

const (
	judgedKey     = "projects/" + cloudide.Project + "/locations/us-central1/keyRings/keys/cryptoKeys/signing"
	judgedVersion = judgedKey + "/cryptoKeyVersions/1"
	secretAccess  = "google.cloud.secretmanager.v1.SecretManagerService.AccessSecretVersion"
	judgedSecret  = "projects/" + cloudide.Project + "/secrets/license-password"
	apiEmail      = "license-api@" + cloudide.Project + ".iam.gserviceaccount.com"
	migrateEmail  = "license-migrate@" + cloudide.Project + ".iam.gserviceaccount.com"
)

// authorizedDaemon has a signing key, a secret, and the pods of two accounts.
type authorizedDaemon struct {
	*Daemon
	keys    kmspb.KeyManagementServiceClient
	secrets secretmanagerpb.SecretManagerServiceClient
}

func newAuthorizedDaemon(t *testing.T) authorizedDaemon {
	t.Helper()
	d := databaseDaemon(t)
	var err error
	d.kms, err = kms.Open(t.TempDir(), d.log)
	require.NoError(t, err)
	t.Cleanup(d.kms.Close)
	ring, _, _ := strings.Cut(judgedKey, "/cryptoKeys/")
	require.NoError(t, d.kms.CreateKeyRing(ring))
	_, err = d.kms.CreateKey(t.Context(), kms.Key{
		Name: judgedKey, Purpose: kmspb.CryptoKey_ASYMMETRIC_SIGN, Algorithm: kmspb.CryptoKeyVersion_RSA_SIGN_PKCS1_2048_SHA256,
	})
	require.NoError(t, err)
	d.secrets, err = secretmanager.Open(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, d.secrets.CreateSecret(judgedSecret))
	_, err = d.secrets.AddVersion(judgedSecret, []byte("hush"))
	require.NoError(t, err)
	d.metadata = metadata.New(cloudide.Project, gcp.ProjectNumber, func(from netip.AddrPort) (metadata.Pod, bool) {
		email, known := map[string]string{"127.0.0.2": apiEmail, "127.0.0.3": migrateEmail}[from.Addr().String()]
		return metadata.Pod{Namespace: "coditect-app", Account: "it", Email: email, Granted: true}, known
	})
	for i, service := range []string{keysAPI, secretsAPI} {
		require.NoError(t, d.store.Put(store.Resource{Type: gcp.TypeAuditConfig, ID: string(rune('a' + i)), Inputs: map[string]any{"service": service}}))
	}
	return authorizedDaemon{
		Daemon:  d,
		keys:    kmspb.NewKeyManagementServiceClient(grpctest.Serve(t, func(s grpc.ServiceRegistrar) { d.kms.Register(s) }, d.authorized(keysAPI, kms.Need, kms.Scope))),
		secrets: secretmanagerpb.NewSecretManagerServiceClient(grpctest.Serve(t, func(s grpc.ServiceRegistrar) { d.secrets.Register(s) }, d.authorized(secretsAPI, secretNeeds().Need))),
	}
}

// as is a context with a token that the metadata server gives the pod at an address.
func (w authorizedDaemon) as(t *testing.T, address string) context.Context {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/computeMetadata/v1/instance/service-accounts/default/token", nil)
	r.RemoteAddr = address + ":40000"
	r.Header.Set("Metadata-Flavor", "Google")
	answer := httptest.NewRecorder()
	w.metadata.ServeHTTP(answer, r)
	_, token, _ := strings.Cut(answer.Body.String(), `"access_token":"`)
	token, _, _ = strings.Cut(token, `"`)
	require.NotEmpty(t, token)
	return grpcmetadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+token)
}

func (w authorizedDaemon) grant(t *testing.T, typ, on, id, role, email string) {
	t.Helper()
	require.NoError(t, w.store.Put(store.Resource{Type: typ, ID: id + role + email, Outputs: map[string]any{
		on: id, "project": cloudide.Project, "role": role, "member": "serviceAccount:" + email,
	}}))
}

func (w authorizedDaemon) sign(ctx context.Context) codes.Code {
	sum := sha256.Sum256([]byte("a licence"))
	_, err := w.keys.AsymmetricSign(ctx, &kmspb.AsymmetricSignRequest{Name: judgedVersion, Digest: &kmspb.Digest{Digest: &kmspb.Digest_Sha256{Sha256: sum[:]}}})
	return status.Code(err)
}

func (w authorizedDaemon) read(ctx context.Context) codes.Code {
	_, err := w.secrets.AccessSecretVersion(ctx, &secretmanagerpb.AccessSecretVersionRequest{Name: judgedSecret + "/versions/1"})
	return status.Code(err)
}

func TestKeysAndSecretsAreForWhoeverHasATokenAndTheGrant(t *testing.T) {
	t.Parallel()
	w := newAuthorizedDaemon(t)
	api, migration := w.as(t, "127.0.0.2"), w.as(t, "127.0.0.3")
	assert.Equal(t, codes.Unauthenticated, w.sign(t.Context()), "a pod without a token")
	assert.Equal(t, codes.Unauthenticated, w.read(t.Context()), "a pod without a token")
	assert.Empty(t, w.audit.Recent(), "nobody called")
	assert.Equal(t, codes.PermissionDenied, w.sign(api), "nothing is granted yet")
	assert.Equal(t, codes.PermissionDenied, w.read(migration), "nothing is granted yet")

	w.grant(t, gcp.TypeCryptoKeyMember, "cryptoKeyId", judgedKey, "roles/cloudkms.signer", apiEmail)
	w.grant(t, gcp.TypeSecretMember, "secretId", "license-password", "roles/secretmanager.secretAccessor", migrateEmail)
	assert.Equal(t, codes.OK, w.sign(api))
	assert.Equal(t, codes.OK, w.read(migration))
	assert.Equal(t, codes.PermissionDenied, w.sign(migration), "the migration's token does not sign")
	assert.Equal(t, codes.PermissionDenied, w.read(api), "the API's token does not read the migration's password")
	_, err := w.keys.GetPublicKey(api, &kmspb.GetPublicKeyRequest{Name: judgedVersion})
	assert.Equal(t, codes.PermissionDenied, status.Code(err), "a signer sees no public key")

	var calls []string
	for _, entry := range w.audit.Recent() {
		payload := entry["protoPayload"].(map[string]any)
		who := payload["authenticationInfo"].(map[string]any)["principalEmail"].(string)
		state := map[bool]string{true: "refused", false: "answered"}[entry["severity"] == "ERROR"]
		calls = append(calls, payload["methodName"].(string)+" "+strings.TrimSuffix(who, "@"+cloudide.Project+".iam.gserviceaccount.com")+" "+state)
	}
	assert.Equal(t, []string{
		"GetPublicKey license-api refused", secretAccess + " license-api refused", "AsymmetricSign license-migrate refused",
		secretAccess + " license-migrate answered", "AsymmetricSign license-api answered",
		secretAccess + " license-migrate refused", "AsymmetricSign license-api refused",
	}, calls, "the audit trail names who called")
	refused := w.refusals.latest()
	require.Len(t, refused, 5, "each account, permission and resource once")
	assert.Equal(t, "serviceAccount:"+apiEmail+" has no permission cloudkms.cryptoKeyVersions.viewPublicKey on "+judgedVersion, refused[0].Text)
}

func TestWithoutTheRightToSignVerifyingGoesOn(t *testing.T) {
	t.Parallel()
	w := newAuthorizedDaemon(t)
	api := w.as(t, "127.0.0.2")
	w.grant(t, gcp.TypeCryptoKeyMember, "cryptoKeyId", judgedKey, "roles/cloudkms.publicKeyViewer", apiEmail)
	assert.Equal(t, codes.PermissionDenied, w.sign(api))
	_, err := w.keys.GetPublicKey(api, &kmspb.GetPublicKeyRequest{Name: judgedVersion})
	require.NoError(t, err, "tokens that were signed before still verify")
	w.grant(t, gcp.TypeCryptoKeyMember, "cryptoKeyId", judgedKey, "roles/cloudkms.signer", apiEmail)
	assert.Equal(t, codes.OK, w.sign(api), "the right works as soon as it is there")
}

func TestWhatAWorkloadNeedsAndNobodyGrantsIsAProblem(t *testing.T) {
	t.Parallel()
	w := newAuthorizedDaemon(t)
	declare := func(typ, name string, environment ...any) {
		require.NoError(t, w.store.Put(store.Resource{
			Type: kubernetes.TypeServiceAccount, ID: "coditect-app/" + name, Outputs: map[string]any{"metadata": map[string]any{
				"name": name, "namespace": "coditect-app", "annotations": map[string]any{"iam.gke.io/gcp-service-account": name + "@" + cloudide.Project + ".iam.gserviceaccount.com"},
			}},
		}))
		require.NoError(t, w.store.Put(store.Resource{Type: typ, ID: "coditect-app/" + name, URN: "urn:pulumi:local::p::t::" + name, Outputs: map[string]any{
			"metadata": map[string]any{"name": name, "namespace": "coditect-app"},
			"spec": map[string]any{"template": map[string]any{"spec": map[string]any{
				"serviceAccountName": name, "containers": []any{map[string]any{"name": "it", "env": environment}},
			}}},
		}}))
	}
	variable := func(name, value string) any { return map[string]any{"name": name, "value": value} }
	declare(kubernetes.TypeDeployment, "license-api", variable("KMS_KEY_VERSION", judgedVersion), variable("KMS_KEY_VERSIONS", judgedVersion), variable("REGION", "us-central1"))
	declare(kubernetes.TypeJob, "license-migrate", variable("DATABASE_PASSWORD_SECRET", judgedSecret+"/versions/1"))
	assert.Equal(t, []string{
		"serviceAccount:" + apiEmail + " has no permission cloudkms.cryptoKeyVersions.useToSign on " + judgedVersion + ", which Deployment/license-api needs for KMS_KEY_VERSION",
		"serviceAccount:" + apiEmail + " has no permission cloudkms.cryptoKeyVersions.viewPublicKey on " + judgedVersion + ", which Deployment/license-api needs for KMS_KEY_VERSIONS",
		"serviceAccount:" + migrateEmail + " has no permission secretmanager.versions.access on " + judgedSecret + "/versions/1, which Job/license-migrate needs for DATABASE_PASSWORD_SECRET",
	}, w.missingRights())

	w.grant(t, gcp.TypeCryptoKeyMember, "cryptoKeyId", judgedKey, "roles/cloudkms.publicKeyViewer", apiEmail)
	w.grant(t, gcp.TypeSecretMember, "secretId", judgedSecret, "roles/secretmanager.secretAccessor", migrateEmail)
	left := w.missingRights()
	require.Len(t, left, 1)
	assert.Contains(t, left[0], "useToSign")
	told := Status{Rights: left}.CurrentProblems()
	require.Len(t, told, 1)
	assert.Equal(t, "no grant: "+left[0], told[0], "up and status say so, and fail")
	w.options.Outputs = func() (map[string]any, error) { return map[string]any{"suspended": []any{"signing"}}, nil }
	assert.Empty(t, w.missingRights(), "the settings suspend signing on purpose")
	require.Len(t, w.suspensions(), 1, "and status says so")
	assert.Contains(t, w.suspensions()[0], "identity.signingSuspended")
	w.options.Outputs = nil
	require.NoError(t, w.store.Put(store.Resource{Type: gcp.TypeSecurityPolicyRule, ID: "lockdown", URN: "urn:pulumi:local::p::t::" + lockdownRule}))
	assert.Empty(t, w.missingRights(), "a lockdown suspends signing on purpose")
}
