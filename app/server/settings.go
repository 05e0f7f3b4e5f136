// Package server puts the service together: settings from the environment, the
// adapters, the two ports, housekeeping, and an orderly end.
package server

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/kms"
	"github.com/coditect-ai/license-platform/app/postgres"
)

// Common are the settings of both commands.
type Common struct {
	Region   string `env:"REGION" help:"region the service runs in, for the log"`
	LogLevel string `env:"LOG_LEVEL" envDefault:"info" help:"debug, info, warn or error"`

	DatabaseInstance       string `env:"DATABASE_INSTANCE" help:"Cloud SQL instance project:region:instance, reached through its connector over private IP; this or DATABASE_ADDRESS"`
	DatabaseAddress        string `env:"DATABASE_ADDRESS" help:"host:port of a PostgreSQL that is not Cloud SQL's, with TLS and a certificate for that host"`
	DatabaseCA             string `env:"DATABASE_CA" help:"PEM of the CA that signs the database's certificate; with DATABASE_ADDRESS"`
	DatabaseName           string `env:"DATABASE_NAME,required,notEmpty" help:"name of the database"`
	DatabaseUser           string `env:"DATABASE_USER,required,notEmpty" help:"role to connect as; with IAM login the service account without .gserviceaccount.com"`
	DatabasePasswordSecret string `env:"DATABASE_PASSWORD_SECRET" help:"Secret Manager version with the role's password; empty means IAM login through the connector"`
	DatabaseConnections    int32  `env:"DATABASE_CONNECTIONS" envDefault:"8" help:"most connections to the database, 1 to 100"`

	SQLAdminEndpoint      string `env:"SQL_ADMIN_ENDPOINT" help:"host:port of the Cloud SQL Admin API in place of Google's; with DATABASE_INSTANCE"`
	SecretManagerEndpoint string `env:"SECRET_MANAGER_ENDPOINT" help:"host:port of Secret Manager in place of Google's"`
	GoogleAPICA           string `env:"GOOGLE_API_CA" help:"PEM of the CA of the endpoints that stand in for Google's and of IDENTITY_KEYS_URL"`
}

// Serve are the settings of the command serve.
type Serve struct {
	Common

	ProjectID      string `env:"PROJECT_ID,required,notEmpty" help:"Google Cloud project: audience of identity tokens, owner of traces"`
	ListenAddress  string `env:"LISTEN_ADDRESS" envDefault:":8000" help:"host:port of the API"`
	MetricsAddress string `env:"METRICS_ADDRESS" envDefault:":9090" help:"host:port of /metrics"`
	PodIP          string `env:"POD_IP" help:"the pod's address, for the log"`

	IdentityIssuer  string `env:"IDENTITY_ISSUER" help:"issuer of identity tokens; default https://securetoken.google.com/PROJECT_ID"`
	IdentityKeysURL string `env:"IDENTITY_KEYS_URL" envDefault:"https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com" help:"key set of the issuer"`
	TenantClaim     string `env:"TENANT_CLAIM" envDefault:"firebase.tenant" help:"path of the claim that names the tenant"`
	GroupsClaim     string `env:"GROUPS_CLAIM" envDefault:"groups" help:"path of the claim with the user's groups, a text or a list of them, that licences keep seats for"`
	AdminRole       string `env:"ADMIN_ROLE" envDefault:"admin" help:"value of the claim role that makes an administrator"`

	RedisAddress    string `env:"REDIS_ADDRESS,required,notEmpty" help:"host:port of Redis"`
	RedisCA         string `env:"REDIS_CA,required,notEmpty" help:"PEM of the CA that signs Redis's certificate"`
	RedisAuthSecret string `env:"REDIS_AUTH_SECRET,required,notEmpty" help:"Secret Manager version with Redis's AUTH string"`

	KMSKeyVersion  string   `env:"KMS_KEY_VERSION,required,notEmpty" help:"full name of the key version that signs licence tokens (RSA_SIGN_PKCS1_4096_SHA512)"`
	KMSKeyVersions []string `env:"KMS_KEY_VERSIONS" help:"full names of all versions to publish, comma separated; default KMS_KEY_VERSION"`
	KMSEndpoint    string   `env:"KMS_ENDPOINT" help:"host:port of Cloud KMS in place of Google's"`

	TokenIssuer       string        `env:"TOKEN_ISSUER" envDefault:"https://licenses.coditect.ai" help:"iss of licence tokens"`
	CORSOrigins       []string      `env:"CORS_ORIGINS" help:"origins that may use the API from a browser, comma separated"`
	TenantConcurrency int           `env:"TENANT_CONCURRENCY" envDefault:"128" help:"requests of one tenant worked on at once, 1 to 10000; as many heartbeats and as many releases beside them"`
	MemoryLimit       int64         `env:"MEMORY_LIMIT" envDefault:"268435456" help:"most memory of the pod in bytes, 134217728 (128Mi) at least: the garbage collector and the number of connections keep to it"`
	RequestTimeout    time.Duration `env:"REQUEST_TIMEOUT" envDefault:"8s" help:"most time for one request, 1s to 9s: less than the shortest lease"`
	ReapInterval      time.Duration `env:"REAP_INTERVAL" envDefault:"30s" help:"what housekeeping is paced by, 1s to 60s: expired seats are reclaimed within a tenth of it, changes of the ledger are noticed within half of it"`
	Retention         time.Duration `env:"RETENTION" envDefault:"2160h" help:"how long personal data of ended leases and of the audit trail is kept, at least 24h"`
	DrainDelay        time.Duration `env:"DRAIN_DELAY" envDefault:"0s" help:"how long to go on after SIGTERM while /ready answers 503, 0s to 60s"`

	// Now tells the time and Sleep waits. LoadServe sets the system's; a test has its own, so that it need not wait.
	Now   func() time.Time
	Sleep func(time.Duration)
}

// Migrate are the settings of the command migrate.
type Migrate struct {
	Common
	APIDatabaseUser string `env:"API_DATABASE_USER,required,notEmpty" help:"role of the API, which is given its rights"`
	Tenants         string `env:"TENANTS" help:"JSON list of tenants and licences to write: [{\"id\",\"name\",\"licenses\":[{\"id\",\"product\",\"seats\",\"leaseSeconds\",\"heartbeatSeconds\",\"maxBorrowSeconds\",\"overage\",\"requireFingerprint\",\"expiresAt\"}]}]; what is left out of a licence is the administrators'"`
}

// LoadServe reads the settings of serve; the error lists every mistake.
func LoadServe(environment map[string]string) (Serve, error) {
	s := Serve{Now: time.Now, Sleep: time.Sleep}
	problems := parse(&s, environment)
	if s.IdentityIssuer == "" {
		s.IdentityIssuer = "https://securetoken.google.com/" + s.ProjectID
	}
	if len(s.KMSKeyVersions) == 0 && s.KMSKeyVersion != "" {
		s.KMSKeyVersions = []string{s.KMSKeyVersion}
	}
	problems = append(problems, s.Common.check()...)
	return s, join(append(problems, s.check()...))
}

// LoadMigrate reads the settings of migrate; the error lists every mistake.
func LoadMigrate(environment map[string]string) (Migrate, []postgres.Seed, error) {
	var s Migrate
	problems := append(parse(&s, environment), s.Common.check()...)
	seeds, err := s.seeds()
	if err != nil {
		problems = append(problems, err)
	}
	return s, seeds, join(problems)
}

func parse(target any, environment map[string]string) []error {
	err := env.ParseWithOptions(target, env.Options{Environment: environment})
	var all env.AggregateError
	if errors.As(err, &all) {
		return all.Errors
	}
	if err != nil {
		return []error{err}
	}
	return nil
}

func join(problems []error) error {
	if len(problems) == 0 {
		return nil
	}
	return fmt.Errorf("%d wrong in the environment (--help lists what is allowed):\n%w", len(problems), errors.Join(problems...))
}

// secretPattern is a secret's version, "latest" too
// (cloud.google.com/secret-manager/docs/access-secret-version).
var secretPattern = regexp.MustCompile(`^projects/[^/]+/secrets/[A-Za-z0-9_-]+/versions/[A-Za-z0-9_-]+$`)

var instancePattern = regexp.MustCompile(`^[a-z0-9.:-]+:[a-z0-9-]+:[a-z0-9-]+$`)

func (s *Common) check() []error {
	var problems []error
	add := func(ok bool, text string, values ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf(text, values...))
		}
	}
	add((s.DatabaseInstance == "") != (s.DatabaseAddress == ""), "set either DATABASE_INSTANCE or DATABASE_ADDRESS")
	add(s.DatabaseInstance == "" || instancePattern.MatchString(s.DatabaseInstance), "DATABASE_INSTANCE %q is not project:region:instance", s.DatabaseInstance)
	add(s.DatabaseAddress == "" || hostPort(s.DatabaseAddress), "DATABASE_ADDRESS %q is not host:port", s.DatabaseAddress)
	add(s.DatabaseCA == "" || certificates(s.DatabaseCA), "DATABASE_CA holds no PEM certificate")
	add(s.GoogleAPICA == "" || certificates(s.GoogleAPICA), "GOOGLE_API_CA holds no PEM certificate")
	add(s.DatabasePasswordSecret == "" || secretPattern.MatchString(s.DatabasePasswordSecret), "DATABASE_PASSWORD_SECRET %q is not projects/P/secrets/S/versions/V", s.DatabasePasswordSecret)
	add(s.DatabaseAddress == "" || s.DatabaseCA != "", "DATABASE_CA is required with DATABASE_ADDRESS")
	add(s.DatabaseAddress == "" || s.DatabasePasswordSecret != "", "DATABASE_PASSWORD_SECRET is required with DATABASE_ADDRESS; IAM login needs DATABASE_INSTANCE")
	add(s.DatabaseInstance == "" || s.DatabaseCA == "", "DATABASE_CA belongs to DATABASE_ADDRESS; the connector of DATABASE_INSTANCE learns the CA by itself")
	add(s.DatabasePasswordSecret != "" || !strings.HasSuffix(s.DatabaseUser, ".gserviceaccount.com"), "DATABASE_USER %q: with IAM login a service account's role is named without .gserviceaccount.com", s.DatabaseUser)
	add(s.DatabaseConnections >= 1 && s.DatabaseConnections <= 100, "DATABASE_CONNECTIONS %d is not 1 to 100", s.DatabaseConnections)
	add(s.SQLAdminEndpoint == "" || hostPort(s.SQLAdminEndpoint), "SQL_ADMIN_ENDPOINT %q is not host:port", s.SQLAdminEndpoint)
	add(s.SQLAdminEndpoint == "" || s.DatabaseInstance != "", "SQL_ADMIN_ENDPOINT belongs to DATABASE_INSTANCE, whose connector calls it")
	add(s.SQLAdminEndpoint == "" || s.GoogleAPICA != "", "GOOGLE_API_CA is required with SQL_ADMIN_ENDPOINT")
	add(s.SecretManagerEndpoint == "" || hostPort(s.SecretManagerEndpoint), "SECRET_MANAGER_ENDPOINT %q is not host:port", s.SecretManagerEndpoint)
	add(s.SecretManagerEndpoint == "" || s.GoogleAPICA != "", "GOOGLE_API_CA is required with SECRET_MANAGER_ENDPOINT")
	_, err := logLevel(s.LogLevel)
	add(err == nil, "LOG_LEVEL %q is not debug, info, warn or error", s.LogLevel)
	return problems
}

func (s *Serve) check() []error {
	var problems []error
	add := func(ok bool, text string, values ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf(text, values...))
		}
	}
	add(hostPort(s.ListenAddress), "LISTEN_ADDRESS %q is not host:port", s.ListenAddress)
	add(hostPort(s.MetricsAddress), "METRICS_ADDRESS %q is not host:port", s.MetricsAddress)
	add(s.RedisAddress == "" || hostPort(s.RedisAddress), "REDIS_ADDRESS %q is not host:port", s.RedisAddress)
	add(s.RedisCA == "" || certificates(s.RedisCA), "REDIS_CA holds no PEM certificate")
	add(s.RedisAuthSecret == "" || secretPattern.MatchString(s.RedisAuthSecret), "REDIS_AUTH_SECRET %q is not projects/P/secrets/S/versions/V", s.RedisAuthSecret)
	add(s.ListenAddress != s.MetricsAddress, "LISTEN_ADDRESS and METRICS_ADDRESS are both %s", s.ListenAddress)
	add(s.KMSEndpoint == "" || hostPort(s.KMSEndpoint), "KMS_ENDPOINT %q is not host:port", s.KMSEndpoint)
	add(s.KMSEndpoint == "" || s.GoogleAPICA != "", "GOOGLE_API_CA is required with KMS_ENDPOINT")
	add(secureURL(s.IdentityKeysURL), "IDENTITY_KEYS_URL %q is not an https URL", s.IdentityKeysURL)
	add(secureURL(s.IdentityIssuer), "IDENTITY_ISSUER %q is not an https URL", s.IdentityIssuer)
	add(secureURL(s.TokenIssuer), "TOKEN_ISSUER %q is not an https URL", s.TokenIssuer)
	add(s.TenantClaim != "", "TENANT_CLAIM is empty; the default is firebase.tenant")
	found := false
	for _, version := range s.KMSKeyVersions {
		_, err := kms.KeyID(version)
		add(err == nil, "KMS_KEY_VERSIONS: %w", err)
		found = found || version == s.KMSKeyVersion
	}
	add(found || s.KMSKeyVersion == "", "KMS_KEY_VERSION %q is not one of KMS_KEY_VERSIONS, so nobody could verify its tokens", s.KMSKeyVersion)
	for _, origin := range s.CORSOrigins {
		u, err := url.Parse(origin)
		add(err == nil && u.Scheme == "https" && u.Host != "" && u.Path == "" && u.RawQuery == "" && u.Fragment == "" && u.User == nil, "CORS_ORIGINS: %q is not an origin such as https://coditect.ai", origin)
	}
	add(s.TenantConcurrency >= 1 && s.TenantConcurrency <= 10_000, "TENANT_CONCURRENCY %d is not 1 to 10000", s.TenantConcurrency)
	add(s.MemoryLimit >= minMemory && s.MemoryLimit <= maxMemory, "MEMORY_LIMIT %d is not %d (128Mi) to %d (256Gi)", s.MemoryLimit, minMemory, int64(maxMemory))
	add(s.RequestTimeout >= time.Second && s.RequestTimeout < app.MinLeaseTTL, "REQUEST_TIMEOUT %s is not 1s to 9s", s.RequestTimeout)
	add(s.ReapInterval >= time.Second && s.ReapInterval <= time.Minute, "REAP_INTERVAL %s is not 1s to 60s", s.ReapInterval)
	add(s.Retention >= 24*time.Hour, "RETENTION %s is less than 24h", s.Retention)
	add(s.DrainDelay >= 0 && s.DrainDelay <= time.Minute, "DRAIN_DELAY %s is not 0s to 60s", s.DrainDelay)
	return problems
}

func hostPort(address string) bool {
	_, port, err := net.SplitHostPort(address)
	number, wrong := strconv.ParseUint(port, 10, 16)
	return err == nil && wrong == nil && number > 0
}

func certificates(pem string) bool { return x509.NewCertPool().AppendCertsFromPEM([]byte(pem)) }

func secureURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Scheme == "https" && u.Host != ""
}

// declaredTenant is an element of TENANTS.
type declaredTenant struct {
	ID       string     `json:"id"`
	Name     string     `json:"name"`
	Status   app.Status `json:"status"`
	Licenses []struct {
		ID                 string     `json:"id"`
		Product            string     `json:"product"`
		Seats              int        `json:"seats"`
		LeaseSeconds       *int       `json:"leaseSeconds"`
		HeartbeatSeconds   *int       `json:"heartbeatSeconds"`
		MaxBorrowSeconds   *int       `json:"maxBorrowSeconds"`
		Overage            *float64   `json:"overage"`
		RequireFingerprint *bool      `json:"requireFingerprint"`
		ExpiresAt          *time.Time `json:"expiresAt"`
	} `json:"licenses"`
}

// seconds is a time that may be missing.
func seconds(n *int) *time.Duration {
	if n == nil {
		return nil
	}
	return new(time.Duration(*n) * time.Second)
}

// seeds reads TENANTS; a field that is not known is a mistake.
func (s *Migrate) seeds() ([]postgres.Seed, error) {
	if strings.TrimSpace(s.Tenants) == "" {
		return nil, nil
	}
	var declared []declaredTenant
	decoder := json.NewDecoder(strings.NewReader(s.Tenants))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&declared); err != nil {
		return nil, fmt.Errorf("TENANTS is not the JSON list that --help shows: %w", err)
	}
	if decoder.More() {
		return nil, errors.New("TENANTS has more text after its JSON list")
	}
	var problems []error
	seeds := make([]postgres.Seed, len(declared))
	for i, d := range declared {
		seed := postgres.Seed{Tenant: app.Tenant{ID: d.ID, Name: d.Name, Status: d.Status}}
		if seed.Tenant.Status == "" {
			seed.Tenant.Status = app.StatusActive
		}
		if !app.ValidTenantID(d.ID) || (seed.Tenant.Status != app.StatusActive && seed.Tenant.Status != app.StatusSuspended) {
			problems = append(problems, fmt.Errorf("TENANTS[%d]: id %q must be 1 to 128 letters, digits, dots, underscores and hyphens, and status %q active or suspended", i, d.ID, seed.Tenant.Status))
		}
		for _, l := range d.Licenses {
			license := app.Declared{
				ID: l.ID, Product: l.Product, Seats: l.Seats, LeaseTTL: seconds(l.LeaseSeconds), HeartbeatInterval: seconds(l.HeartbeatSeconds),
				MaxBorrow: seconds(l.MaxBorrowSeconds), Overage: l.Overage, RequireFingerprint: l.RequireFingerprint, ExpiresAt: l.ExpiresAt,
			}
			var invalid *app.Error
			if errors.As(license.Onto(app.License{}).Validate(), &invalid) {
				for _, f := range invalid.Fields {
					problems = append(problems, fmt.Errorf("TENANTS[%d], licence %q: %s %s", i, l.ID, strings.TrimPrefix(f.Field, "body."), f.Message))
				}
			}
			seed.Licenses = append(seed.Licenses, license)
		}
		seeds[i] = seed
	}
	return seeds, errors.Join(problems...)
}
