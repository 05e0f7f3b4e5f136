// Package httpapi is the service's HTTP face: the operations, described as OpenAPI
// 3.1, and around them the layers that every request passes: request id, log and
// metrics, security headers, CORS, size limits, the identity token, the tenant's
// share of the service, and Idempotency-Key.
package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/coditect-ai/license-platform/app"
)

// Metrics counts requests.
type Metrics interface {
	Started() (done func(route, method string, code int, took time.Duration))
}

// Config is everything the HTTP face needs.
type Config struct {
	Service       *app.Service
	Authenticator Authenticator
	// Credentials is the Authenticator of service credentials.
	Credentials Authenticator
	Answers     app.Answers
	// Keys returns the published JSON Web Key Set, and how long a client may keep it.
	Keys func(context.Context) (content []byte, good time.Duration, err error)
	// Ready reports the state of what the service depends on.
	Ready   func(context.Context) Readiness
	Metrics Metrics
	Log     *slog.Logger
	// Origins may use the API from a browser, such as https://coditect.ai.
	Origins []string
	// Project is the Google Cloud project that traces belong to.
	Project string
	// RequestTimeout bounds the work on one request.
	RequestTimeout time.Duration
	// TenantConcurrency is how many requests of one tenant are worked on at once, and how
	// many heartbeats and how many releases beside them.
	TenantConcurrency int
}

// The addresses that layers know, and the routes that are too frequent to be logged.
const (
	pathHealth = "/health"
	pathReady  = "/ready"
	pathKeys   = "/.well-known/jwks.json"

	pathOpenAPI     = "/openapi.json"
	pathExport      = "/v1/privacy/export"
	pathErase       = "/v1/privacy/erase"
	pathDenials     = "/v1/denials"
	pathCredentials = "/v1/credentials"
	pathLicenses    = "/v1/licenses"
	pathAudit       = "/v1/audit"
	routeHealth     = "GET " + pathHealth
	routeReady      = "GET " + pathReady
	routeHeartbeat  = "POST /v1/leases/{lease_id}/heartbeat"
	routeNone       = "none"
)

type api struct {
	config  Config
	service *app.Service
	metrics Metrics
	log     *slog.Logger
	huma    huma.API
	limit   *tenantLimit
	// remembered says how answers to an Idempotency-Key are, by the operation's pattern.
	remembered map[string]remembering
}

// New returns the handler for the API's port. The only error is an origin that is
// not one.
func New(c Config) (http.Handler, error) {
	a, layers, err := assemble(c)
	if err != nil {
		return nil, err
	}
	return a.observed(a.plainHeartbeats(layers)), nil
}

// assemble returns the API, and the layers around its operations.
func assemble(c Config) (*api, http.Handler, error) {
	mux := http.NewServeMux()
	a := &api{config: c, service: c.Service, metrics: c.Metrics, log: c.Log, huma: humago.New(mux, description()), limit: newTenantLimit(c.TenantConcurrency), remembered: map[string]remembering{}}
	a.registerPublic(mux)
	a.registerLeases()
	a.registerLicenses()
	a.registerAdministration()
	a.registerCredentials()
	a.registerReports()
	a.finish()
	if err := a.serveDocument(mux); err != nil {
		return nil, nil, err
	}
	layers, err := sameOrigin(c.Origins, limited(a.authenticated(a.named(mux, whole(a.limit.handler(a.once(a.routed(mux))))))))
	return a, secured(shared(c.Origins, layers)), err
}
