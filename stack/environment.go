package stack

import (
	"encoding/json"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/data"
	"github.com/coditect-ai/license-platform/identity"
	"github.com/coditect-ai/license-platform/k8s/isolation"
	"github.com/coditect-ai/license-platform/k8s/workload"
)

// connectorPort is the port of an instance's proxy, which the Cloud SQL connector dials
// (https://cloud.google.com/sql/docs/postgres/connect-connectors).
const connectorPort = 3307

// podConnections is how many connections to the database each pod of the API opens at
// most.
const podConnections = 8

// apiEnvironment is what the API's container is told. A credential is named by
// its place in Secret Manager, never given.
func apiEnvironment(s Settings, keys *data.Keys, stores *data.Stores) []workload.Variable {
	versions := keys.SigningVersions.ApplyT(func(names []string) string { return strings.Join(names, ",") }).(pulumi.StringOutput)
	all := append(commonEnvironment(s, stores),
		workload.Variable{Name: "DATABASE_USER", Value: stores.APIUser},
		workload.Variable{Name: "DATABASE_CONNECTIONS", Value: pulumi.String(strconv.Itoa(podConnections))},
		workload.Variable{Name: "MEMORY_LIMIT", Value: pulumi.String(strconv.FormatInt(s.API.MemoryBytes(), 10))},
		workload.Variable{Name: "REDIS_ADDRESS", Value: pulumi.Sprintf("%s:%d", stores.RedisHost, stores.RedisPort)},
		workload.Variable{Name: "REDIS_CA", Value: stores.RedisServerCA},
		workload.Variable{Name: "REDIS_AUTH_SECRET", Value: stores.RedisAuthSecret},
		workload.Variable{Name: "KMS_KEY_VERSION", Value: keys.ActiveSigningVersion},
		workload.Variable{Name: "KMS_KEY_VERSIONS", Value: versions},
		workload.Variable{Name: "PROJECT_ID", Value: pulumi.String(s.Platform.Project)},
		workload.Variable{Name: "TOKEN_ISSUER", Value: pulumi.String("https://" + s.Platform.LicenseHost())},
		workload.Variable{Name: "CORS_ORIGINS", Value: pulumi.String(strings.Join(s.origins(), ","))},
	)
	if s.Endpoints.Given() {
		all = append(all,
			workload.Variable{Name: "IDENTITY_KEYS_URL", Value: pulumi.String(s.Endpoints.IdentityKeys)},
			workload.Variable{Name: "KMS_ENDPOINT", Value: pulumi.String(s.Endpoints.KMS)},
		)
	}
	return all
}

// migrationEnvironment is what the migration's container is told.
func migrationEnvironment(s Settings, stores *data.Stores, tenants pulumi.StringMapOutput) []workload.Variable {
	return append(commonEnvironment(s, stores),
		workload.Variable{Name: "DATABASE_USER", Value: stores.MigrationUser},
		workload.Variable{Name: "DATABASE_PASSWORD_SECRET", Value: stores.MigrationPasswordSecret},
		workload.Variable{Name: "API_DATABASE_USER", Value: stores.APIUser},
		workload.Variable{Name: "TENANTS", Value: tenantsJSON(s.Identity.Tenants, tenants)},
	)
}

// commonEnvironment is what both are told. Both connect through the Cloud SQL connector,
// however they log in: it checks that the instance is the one it names, while the
// instance's certificate has no name or address that a client could check
// (https://cloud.google.com/sql/docs/postgres/configure-ssl-instance#server-certs).
func commonEnvironment(s Settings, stores *data.Stores) []workload.Variable {
	all := []workload.Variable{
		{Name: "REGION", Value: pulumi.String(s.Platform.Region)},
		{Name: "DATABASE_NAME", Value: stores.DatabaseName},
		{Name: "DATABASE_INSTANCE", Value: stores.SQLConnectionName},
	}
	if s.Endpoints.Given() {
		all = append(all,
			workload.Variable{Name: "SECRET_MANAGER_ENDPOINT", Value: pulumi.String(s.Endpoints.SecretManager)},
			workload.Variable{Name: "SQL_ADMIN_ENDPOINT", Value: pulumi.String(s.Endpoints.SQLAdmin)},
			workload.Variable{Name: "GOOGLE_API_CA", Value: pulumi.String(s.Endpoints.CA)},
		)
	}
	return all
}

// tenantsJSON joins the tenants' licences with the ids that Identity Platform
// gave them.
func tenantsJSON(tenants []identity.Tenant, ids pulumi.StringMapOutput) pulumi.StringOutput {
	return ids.ApplyT(func(ids map[string]string) (string, error) {
		return encodeTenants(tenants, func(name string) string { return ids[name] })
	}).(pulumi.StringOutput)
}

func encodeTenants(tenants []identity.Tenant, id func(name string) string) (string, error) {
	type tenant struct {
		ID       string             `json:"id"`
		Name     string             `json:"name"`
		Licenses []identity.License `json:"licenses"`
	}
	all := make([]tenant, len(tenants))
	for i, t := range tenants {
		all[i] = tenant{ID: id(t.Name), Name: t.Name, Licenses: t.Licenses}
	}
	encoded, err := json.Marshal(all)
	return string(encoded), err
}

// origins may call the API from a browser.
func (s Settings) origins() []string {
	return append([]string{"https://" + s.Platform.Domain, "https://" + s.Platform.LicenseHost()}, s.API.CORSOrigins...)
}

// googleAPIs are where the pods may reach Google's APIs, and nothing wider.
func (s Settings) googleAPIs() []isolation.Target {
	if !s.Endpoints.Given() {
		return []isolation.Target{{CIDR: s.Network.GoogleAPIs(), Port: 443}}
	}
	var targets []isolation.Target
	hosts := []string{s.Endpoints.KMS, s.Endpoints.SecretManager, s.Endpoints.SQLAdmin}
	if keys, err := url.Parse(s.Endpoints.IdentityKeys); err == nil {
		hosts = append(hosts, keys.Host)
	}
	for _, host := range hosts {
		if at, err := netip.ParseAddrPort(host); err == nil {
			targets = append(targets, isolation.Target{CIDR: at.Addr().String() + "/32", Port: int(at.Port())})
		}
	}
	return targets
}
