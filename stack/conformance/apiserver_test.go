//go:build conformance

package conformance_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/port"
)

// apiServer is a kube-apiserver with its etcd on loopback, without controllers:
// enough to decode, default, validate and admit objects.
type apiServer struct {
	url    string
	token  string
	client *http.Client
}

// startAPIServer starts both programs, waits until the server is ready and
// stops them when the test ends.
func startAPIServer(t *testing.T) *apiServer {
	t.Helper()
	dir := t.TempDir()
	etcdPort, etcdPeerPort, serverPort := port.Free(t), port.Free(t), port.Free(t)
	run(t, dir, binary(t, "ETCD"),
		"--data-dir="+filepath.Join(dir, "etcd"),
		"--unsafe-no-fsync",
		fmt.Sprintf("--listen-client-urls=http://127.0.0.1:%d", etcdPort),
		fmt.Sprintf("--advertise-client-urls=http://127.0.0.1:%d", etcdPort),
		fmt.Sprintf("--listen-peer-urls=http://127.0.0.1:%d", etcdPeerPort),
	)
	const token = "conformance-test"
	tokens := filepath.Join(dir, "tokens.csv")
	require.NoError(t, os.WriteFile(tokens, []byte(token+`,test,test,"system:masters"`+"\n"), 0o600))
	serviceAccountKey := writeKey(t, dir)
	run(t, dir, binary(t, "KUBE_APISERVER"),
		fmt.Sprintf("--etcd-servers=http://127.0.0.1:%d", etcdPort),
		"--bind-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", serverPort),
		"--cert-dir="+filepath.Join(dir, "certificates"),
		"--service-cluster-ip-range=10.0.0.0/24",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file="+serviceAccountKey,
		"--service-account-signing-key-file="+serviceAccountKey,
		"--token-auth-file="+tokens,
		"--authorization-mode=RBAC",
		"--anonymous-auth=false",
	)
	certificate := filepath.Join(dir, "certificates", "apiserver.crt")
	s := &apiServer{url: fmt.Sprintf("https://127.0.0.1:%d", serverPort), token: token}
	require.Eventually(t, func() bool {
		content, err := os.ReadFile(certificate)
		if err != nil {
			return false
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(content)
		s.client = &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
		status, _, _ := s.do(t, http.MethodGet, "/readyz", "", nil)
		return status == http.StatusOK
	}, 90*time.Second, 200*time.Millisecond, "kube-apiserver is not ready")
	return s
}

// do sends one request and returns the status, the body and the warnings that
// the server attached.
func (s *apiServer) do(t *testing.T, method, path, contentType string, body []byte) (int, []byte, []string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.url+path, bytes.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+s.token)
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return 0, nil, nil
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, content, response.Header.Values("Warning")
}

// apply sends an object as a server-side apply with strict field validation.
func (s *apiServer) apply(t *testing.T, object map[string]any, dryRun bool) (int, string, []string) {
	t.Helper()
	path, err := objectPath(object)
	require.NoError(t, err)
	body, err := json.Marshal(object)
	require.NoError(t, err)
	query := "?fieldManager=conformance&fieldValidation=Strict&force=true"
	if dryRun {
		query += "&dryRun=All"
	}
	status, content, warnings := s.do(t, http.MethodPatch, path+query, "application/apply-patch+yaml", body)
	return status, string(content), warnings
}

// objectPath is the REST path of an object. Kinds of the stack have regular
// plurals but for those named here.
func objectPath(object map[string]any) (string, error) {
	version, kind := object["apiVersion"].(string), object["kind"].(string)
	metadata, _ := object["metadata"].(map[string]any)
	name, _ := metadata["name"].(string)
	if name == "" {
		return "", fmt.Errorf("%s %s has no name", version, kind)
	}
	base := "/apis/" + version
	if !strings.Contains(version, "/") {
		base = "/api/" + version
	}
	plural := strings.ToLower(kind) + "s"
	switch kind {
	case "Ingress":
		plural = "ingresses"
	case "NetworkPolicy":
		plural = "networkpolicies"
	}
	if namespace, _ := metadata["namespace"].(string); namespace != "" {
		base += "/namespaces/" + namespace
	}
	return base + "/" + plural + "/" + name, nil
}

func binary(t *testing.T, variable string) string {
	t.Helper()
	path := os.Getenv(variable)
	require.NotEmpty(t, path, "%s names no binary; run `make conformance`, which builds it", variable)
	return path
}

func run(t *testing.T, dir, program string, arguments ...string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	command := exec.CommandContext(ctx, program, arguments...)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
	log, err := os.Create(filepath.Join(dir, filepath.Base(program)+".log"))
	require.NoError(t, err)
	command.Stdout, command.Stderr = log, log
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		cancel()
		_ = command.Wait()
		_ = log.Close()
		if t.Failed() {
			content, _ := os.ReadFile(log.Name())
			t.Logf("last words of %s:\n%s", filepath.Base(program), content[max(0, len(content)-2000):])
		}
	})
}

func writeKey(t *testing.T, dir string) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	path := filepath.Join(dir, "service-account.pem")
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(block), 0o600))
	return path
}
