package cloudsql_test

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/cloudsqlconn"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/apptest/port"
	"github.com/coditect-ai/license-platform/local/google/cloudsql"
	"github.com/coditect-ai/license-platform/local/google/iam"
	"github.com/coditect-ai/license-platform/local/google/postgres"
	"github.com/coditect-ai/license-platform/local/host/certificate"
	"github.com/coditect-ai/license-platform/local/host/process"
)

const (
	project, instance = "acme", "stores"
	connection        = project + ":us-central1:" + instance
	user              = "license-api@acme.iam"
	member            = "serviceAccount:" + user + ".gserviceaccount.com"
	owner, password   = "license-migrate", "correct horse battery staple"
)

// fixture is one instance, which one service account may use.
type fixture struct {
	server    *postgres.Server
	authority *certificate.Authority
	clients   *certificate.Authority
	at        netip.Addr
	proxy     *cloudsql.Proxy
	admin     *httptest.Server
	log       *slog.Logger

	mu      sync.Mutex
	granted []string // permissions
	expires time.Duration
	signed  int
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	require.NoError(t, postgres.Installed())
	w := &fixture{at: port.Host(t), log: slog.New(slog.DiscardHandler), granted: []string{iam.SQLGet, iam.SQLConnect, iam.SQLLogin}, expires: time.Hour}
	dir := t.TempDir()
	authority, err := certificate.LoadOrCreateNamed(filepath.Join(dir, "authority"), "Google Cloud SQL Server CA")
	require.NoError(t, err)
	w.authority = authority
	w.clients, err = certificate.LoadOrCreateNamed(filepath.Join(dir, "clients"), "Google Cloud SQL Client CA")
	require.NoError(t, err)
	supervisor, err := process.NewSupervisor(filepath.Join(dir, "run"), w.log)
	require.NoError(t, err)
	t.Cleanup(supervisor.Close)
	own, err := authority.IssueNamed(project+":"+instance, w.at)
	require.NoError(t, err)
	w.server, err = postgres.Start(t.Context(), postgres.Config{
		Name: instance, Dir: filepath.Join(dir, "data"), LogPath: filepath.Join(dir, "log"), Address: netip.AddrPortFrom(w.at, 5432),
		Certificate: own, Supervisor: supervisor, Log: w.log,
	})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, w.server.Stop(context.Background())) })
	require.NoError(t, w.server.CreateUser(t.Context(), user, "", postgres.IAMServiceAccount))
	require.NoError(t, w.server.CreateUser(t.Context(), "other@acme.iam", "", postgres.IAMServiceAccount))
	require.NoError(t, w.server.CreateUser(t.Context(), owner, password, postgres.BuiltIn))
	w.admin = httptest.NewTLSServer(cloudsql.AdminAPI(w, w.log))
	t.Cleanup(w.admin.Close)
	named, err := authority.IssueNamed(project + ":" + instance)
	require.NoError(t, err)
	w.open(t, w.at, named)
	return w
}

// open opens a proxy, which shows this certificate.
func (w *fixture) open(t *testing.T, at netip.Addr, shows tls.Certificate) {
	t.Helper()
	proxy, err := cloudsql.StartProxy(cloudsql.ProxyConfig{
		Address: netip.AddrPortFrom(at, cloudsql.Port), Certificate: shows, Clients: w.clients.Pool(), Dial: w.server.Dial, Log: w.log,
		MayLogIn: func(who string) bool { return w.Allows(who, iam.SQLLogin, project, instance) },
	})
	require.NoError(t, err)
	t.Cleanup(proxy.Close)
	w.proxy = proxy
}

// grant replaces the permissions.
func (w *fixture) grant(permissions ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.granted = permissions
}

// Caller knows tokens that name their scope.
func (w *fixture) Caller(token string) (cloudsql.Caller, bool) {
	scope, known := strings.CutPrefix(token, "token-for-")
	w.mu.Lock()
	defer w.mu.Unlock()
	return cloudsql.Caller{Member: member, Scopes: []string{"https://www.googleapis.com/auth/" + scope}, Expires: time.Now().Add(w.expires)}, known
}

func (w *fixture) Instance(inProject, name string) (cloudsql.Instance, bool) {
	return cloudsql.Instance{
		Project: project, Region: "us-central1", Name: instance, Version: "POSTGRES_16", Address: w.at, ServerCA: w.authority.PEM(),
	}, inProject == project && name == instance
}

func (w *fixture) Allows(who, permission, _, _ string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return who == member && slices.Contains(w.granted, permission)
}

func (w *fixture) Certify(_ string, key crypto.PublicKey, subject pkix.Name, until time.Time) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.signed++
	return w.clients.Certify(key, subject, until)
}

// certificates counts those that were signed.
func (w *fixture) certificates() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.signed
}

// client is Google's own connector. Its tokens are those of a metadata server that gives
// one for each scope.
func (w *fixture) client(t *testing.T, apiScope, loginScope string) *cloudsqlconn.Dialer {
	t.Helper()
	tokens := func(scope string) oauth2.TokenSource {
		return oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "token-for-" + scope, Expiry: time.Now().Add(time.Hour)})
	}
	roots := x509.NewCertPool()
	roots.AddCert(w.admin.Certificate())
	own := &http.Client{Transport: &oauth2.Transport{Source: tokens(apiScope), Base: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}}
	t.Cleanup(own.CloseIdleConnections)
	settings := []cloudsqlconn.Option{
		cloudsqlconn.WithAdminAPIEndpoint(w.admin.URL + "/"), cloudsqlconn.WithHTTPClient(own), cloudsqlconn.WithLazyRefresh(), cloudsqlconn.WithBuiltInMetrics(false),
		cloudsqlconn.WithDefaultDialOptions(cloudsqlconn.WithPrivateIP()),
	}
	if loginScope != "" {
		settings = append(settings, cloudsqlconn.WithIAMAuthN(), cloudsqlconn.WithIAMAuthNTokenSources(tokens(apiScope), tokens(loginScope)))
	} else {
		settings = append(settings, cloudsqlconn.WithTokenSource(tokens(apiScope)))
	}
	dialer, err := cloudsqlconn.NewDialer(t.Context(), settings...)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, dialer.Close()) })
	return dialer
}

// login connects as the user and tells who PostgreSQL says that is.
func login(t *testing.T, dialer *cloudsqlconn.Dialer, to, user, password string) (who string, err error) {
	t.Helper()
	config, err := pgx.ParseConfig("sslmode=disable connect_timeout=10")
	require.NoError(t, err)
	config.Host, config.User, config.Password, config.Database, config.Fallbacks = "cloudsql", user, password, "postgres", nil
	config.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
	config.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) { return dialer.Dial(ctx, to) }
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		return "", err
	}
	defer func() { assert.NoError(t, conn.Close(context.Background())) }()
	return who, conn.QueryRow(t.Context(), "SELECT current_user::text").Scan(&who)
}

const (
	adminScope    = "sqlservice.admin"
	loginScope    = "sqlservice.login"
	platformScope = "cloud-platform"
)

func TestGooglesConnectorLogsInAsWhatIAMAllows(t *testing.T) {
	w := newFixture(t)
	everything := []string{iam.SQLGet, iam.SQLConnect, iam.SQLLogin}
	for name, c := range map[string]struct {
		granted            []string
		apiScope, iamScope string
		to, user, password string
		refusal            string
	}{
		"by IAM":                                {everything, adminScope, loginScope, connection, user, "", ""},
		"by IAM, with tokens for all":           {everything, platformScope, platformScope, connection, user, "", ""},
		"by a password":                         {everything, adminScope, "", connection, owner, password, ""},
		"by a password, without login":          {everything[:2], adminScope, "", connection, owner, password, ""},
		"by a wrong password":                   {everything, adminScope, "", connection, owner, "guessed", "28P01"},
		"as another service account":            {everything, adminScope, loginScope, connection, "other@acme.iam", "", "28000"},
		"without a login by IAM":                {everything, adminScope, "", connection, user, "", "28000"},
		"without the right to log in":           {everything[:2], adminScope, loginScope, connection, user, "", `Cloud SQL IAM service account authentication failed for user "license-api@acme.iam"`},
		"without the right to connect":          {[]string{iam.SQLGet, iam.SQLLogin}, adminScope, loginScope, connection, user, "", "Possibly missing permission cloudsql.instances.connect on resource instances/stores., notAuthorized"},
		"without any right":                     {nil, adminScope, loginScope, connection, user, "", "Possibly missing permission cloudsql.instances.get on resource instances/stores., notAuthorized"},
		"to what does not exist":                {everything, adminScope, loginScope, "acme:us-central1:else", user, "", "The Cloud SQL instance does not exist., instanceDoesNotExist"},
		"to another region":                     {everything, adminScope, loginScope, "acme:europe-west1:stores", user, "", "provided region was mismatched"},
		"with a token for something else":       {everything, "devstorage.read_only", loginScope, connection, user, "", "Request had insufficient authentication scopes., insufficientPermissions"},
		"with a login token for something else": {everything, adminScope, "devstorage.read_only", connection, user, "", "Invalid value at 'access_token'"},
	} {
		w.grant(c.granted...)
		who, err := login(t, w.client(t, c.apiScope, c.iamScope), c.to, c.user, c.password)
		if c.refusal == "" {
			require.NoError(t, err, name)
			assert.Equal(t, c.user, who, name)
			continue
		}
		require.ErrorContains(t, err, c.refusal, name)
	}
}

func TestARightThatIsTakenAwayEndsTheNextLoginAndNotACertificateBefore(t *testing.T) {
	w := newFixture(t)
	dialer := w.client(t, adminScope, loginScope)
	_, err := login(t, dialer, connection, user, "")
	require.NoError(t, err)
	w.grant(iam.SQLGet, iam.SQLConnect)
	_, err = login(t, dialer, connection, user, "")
	require.ErrorContains(t, err, "authentication failed")
	w.grant(iam.SQLGet, iam.SQLConnect, iam.SQLLogin)
	_, err = login(t, dialer, connection, user, "")
	require.NoError(t, err)
	assert.Equal(t, 1, w.certificates(), "one certificate lasts for an hour")
}

func TestACertificateEndsWithItsTokenAndIsRenewed(t *testing.T) {
	w := newFixture(t)
	w.expires = 2 * time.Second
	dialer := w.client(t, adminScope, loginScope)
	raw, err := dialer.Dial(t.Context(), connection)
	require.NoError(t, err)
	require.NoError(t, raw.Close())
	await.True(t, func() bool {
		// On a busy machine one can end between its renewal and its use.
		_, err := login(t, dialer, connection, user, "")
		return err == nil && w.certificates() >= 3
	}, "it is renewed before it ends")
}

func TestTheProxyLetsInNobodyWithoutACertificateOfTheInstances(t *testing.T) {
	w := newFixture(t)
	roots := w.authority.Pool()
	plain := &tls.Dialer{Config: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13}}
	_, err := plain.DialContext(t.Context(), "tcp", netip.AddrPortFrom(w.at, cloudsql.Port).String())
	require.ErrorContains(t, err, "doesn't contain any IP SANs", "its certificate has no name but the instance's, as Google's")

	// One that is certified for its address can be looked at without Google's connector.
	host := port.Host(t)
	named, err := w.authority.IssueNamed(project+":"+instance, host)
	require.NoError(t, err)
	w.open(t, host, named)
	foreign, err := certificate.LoadOrCreate(t.TempDir())
	require.NoError(t, err)
	right, err := w.clients.IssueClient(user, time.Hour)
	require.NoError(t, err)
	expired, err := w.clients.IssueClient(user, -time.Minute)
	require.NoError(t, err)
	other, err := foreign.IssueClient(user, time.Hour)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		shown   []tls.Certificate
		refusal string
	}{
		"none":                {nil, "certificate required"},
		"another authority's": {[]tls.Certificate{other}, "certificate"},
		"an expired one":      {[]tls.Certificate{expired}, "certificate"},
		"the right one":       {[]tls.Certificate{right}, ""},
	} {
		dialer := &tls.Dialer{Config: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13, GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			if c.shown == nil {
				return &tls.Certificate{}, nil
			}
			return &c.shown[0], nil // whether the server knows its authority or not
		}}}
		client, err := dialer.DialContext(t.Context(), "tcp", netip.AddrPortFrom(host, cloudsql.Port).String())
		require.NoError(t, err, name)
		require.NoError(t, client.SetDeadline(time.Now().Add(await.Limit)))
		asked, err := (&pgproto3.SSLRequest{}).Encode(nil)
		require.NoError(t, err)
		_, _ = client.Write(asked) // who is refused learns it from the answer
		answer := []byte{0}
		_, err = client.Read(answer)
		if c.refusal == "" {
			require.NoError(t, err, name)
			assert.Equal(t, "N", string(answer), "there is no encryption inside of the encryption")
		} else {
			require.ErrorContains(t, err, c.refusal, name)
		}
		_ = client.Close() // the other side may have closed it
	}
}

func TestTheConnectorRefusesAProxyThatIsNotTheInstances(t *testing.T) {
	w := newFixture(t)
	another, err := certificate.LoadOrCreateNamed(t.TempDir(), "Google Cloud SQL Server CA")
	require.NoError(t, err)
	stranger, err := another.IssueNamed(project + ":" + instance)
	require.NoError(t, err)
	sibling, err := w.authority.IssueNamed(project + ":another")
	require.NoError(t, err)
	for refusal, shown := range map[string]tls.Certificate{
		"failed to verify certificate":                              stranger,
		`certificate had CN "acme:another", expected "acme:stores"`: sibling,
	} {
		w.proxy.Close()
		w.open(t, w.at, shown)
		_, err = login(t, w.client(t, adminScope, loginScope), connection, user, "")
		require.ErrorContains(t, err, refusal)
	}
}

func TestAClosedProxyEndsItsConnections(t *testing.T) {
	w := newFixture(t)
	conn, err := w.client(t, adminScope, loginScope).Dial(t.Context(), connection)
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() {
		_, err := conn.Read(make([]byte, 1))
		ended <- err
	}()
	w.proxy.Close()
	require.Error(t, await.Receive(t, ended))
	_ = conn.Close()
}
