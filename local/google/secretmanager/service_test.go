package secretmanager_test

import (
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"

	"cloud.google.com/go/secretmanager/apiv1/secretmanagerpb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/coditect-ai/license-platform/local/google/grpctest"
	"github.com/coditect-ai/license-platform/local/google/iam"
	"github.com/coditect-ai/license-platform/local/google/secretmanager"
)

const secret = "projects/p/secrets/database-password"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, dir string) *secretmanager.Service {
	t.Helper()
	s, err := secretmanager.Open(dir)
	require.NoError(t, err)
	return s
}

func dial(t *testing.T, s *secretmanager.Service) secretmanagerpb.SecretManagerServiceClient {
	t.Helper()
	return secretmanagerpb.NewSecretManagerServiceClient(grpctest.Serve(t, s.Register))
}

func TestASecretIsReadByVersionAndAsTheLatestAlsoAfterARestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "secrets")
	s := open(t, dir)
	require.NoError(t, s.CreateSecret(secret))
	for number, payload := range []string{"old", "new\x00\xff"} {
		name, err := s.AddVersion(secret, []byte(payload))
		require.NoError(t, err)
		assert.Equal(t, []string{secret + "/versions/1", secret + "/versions/2"}[number], name)
	}

	client := dial(t, open(t, dir))

	for version, want := range map[string]string{"1": "old", "2": "new\x00\xff", "latest": "new\x00\xff"} {
		answer, err := client.AccessSecretVersion(t.Context(), &secretmanagerpb.AccessSecretVersionRequest{Name: secret + "/versions/" + version})
		require.NoError(t, err)
		assert.Equal(t, want, string(answer.GetPayload().GetData()))
		assert.EqualValues(t, crc32.Checksum([]byte(want), crc32.MakeTable(crc32.Castagnoli)), answer.GetPayload().GetDataCrc32C())
		assert.NotContains(t, answer.GetName(), "latest", "the answer names the version itself")
	}
	info, err := os.Stat(filepath.Join(dir, "secrets.json"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestAVersionThatIsNotEnabledIsNotRead(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	client := dial(t, s)
	require.NoError(t, s.CreateSecret(secret))
	name, err := s.AddVersion(secret, []byte("swordfish"))
	require.NoError(t, err)
	access := func() codes.Code {
		_, err := client.AccessSecretVersion(t.Context(), &secretmanagerpb.AccessSecretVersionRequest{Name: name})
		return status.Code(err)
	}

	require.NoError(t, s.DisableVersion(name))
	assert.Equal(t, codes.FailedPrecondition, access())
	require.NoError(t, s.EnableVersion(name))
	assert.Equal(t, codes.OK, access())
	require.NoError(t, s.DestroyVersion(name))
	assert.Equal(t, codes.FailedPrecondition, access())
	assert.Equal(t, codes.FailedPrecondition, status.Code(s.EnableVersion(name)), "for good")
	described, err := client.GetSecretVersion(t.Context(), &secretmanagerpb.GetSecretVersionRequest{Name: name})
	require.NoError(t, err)
	assert.Equal(t, secretmanagerpb.SecretVersion_DESTROYED, described.GetState())
	content, err := os.ReadFile(filepath.Join(dir, "secrets.json"))
	require.NoError(t, err)
	assert.NotContains(t, string(content), "c3dvcmRmaXNo", "the payload is gone from disk")
}

func TestWhatGoogleRefusesIsRefusedWithItsCode(t *testing.T) {
	s := open(t, t.TempDir())
	require.NoError(t, s.CreateSecret(secret))
	require.True(t, s.HasSecret(secret))
	payload := func(name string) error { _, err := s.Payload(name); return err }
	add := func(name string, data []byte) error { _, err := s.AddVersion(name, data); return err }
	for name, c := range map[string]struct {
		err  error
		code codes.Code
	}{
		"a name in use":            {s.CreateSecret(secret), codes.AlreadyExists},
		"a name that is none":      {s.CreateSecret("database-password"), codes.InvalidArgument},
		"a secret without version": {payload(secret + "/versions/latest"), codes.NotFound},
		"an unknown secret":        {add("projects/p/secrets/x", []byte("x")), codes.NotFound},
		"an unknown version":       {payload(secret + "/versions/7"), codes.NotFound},
		"a version that is none":   {payload(secret), codes.InvalidArgument},
		"an empty payload":         {add(secret, nil), codes.InvalidArgument},
		"a large payload":          {add(secret, make([]byte, 64<<10+1)), codes.InvalidArgument},
		"deleting what is not":     {s.DeleteSecret("projects/p/secrets/x"), codes.NotFound},
	} {
		assert.Equal(t, c.code, status.Code(c.err), "%s: %v", name, c.err)
	}
	require.NoError(t, s.DeleteSecret(secret))
	assert.False(t, s.HasSecret(secret))
}

func TestEveryMethodNeedsItsPermissionOnWhatItNames(t *testing.T) {
	t.Parallel()
	needs := secretmanager.Needs{Number: "123"}
	for permission, request := range map[string]any{
		iam.SecretAccess:     &secretmanagerpb.AccessSecretVersionRequest{Name: secret + "/versions/latest"},
		iam.SecretVersionGet: &secretmanagerpb.GetSecretVersionRequest{Name: secret + "/versions/latest"},
	} {
		need, err := needs.Need(request)
		require.NoError(t, err, permission)
		assert.Equal(t, permission, need.Permission)
		assert.Equal(t, secret+"/versions/latest", need.On.Name)
		assert.Equal(t, "projects/123/secrets/database-password/versions/latest", need.On.Conditional, "conditions know the project's number")
	}
	_, err := needs.Need(&secretmanagerpb.AccessSecretVersionRequest{Name: secret})
	assert.Equal(t, codes.InvalidArgument, status.Code(err))
	_, err = needs.Need(&secretmanagerpb.DeleteSecretRequest{Name: secret})
	assert.Equal(t, codes.Unimplemented, status.Code(err))
}
