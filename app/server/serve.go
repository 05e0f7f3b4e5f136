package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/connection"
	"github.com/coditect-ai/license-platform/app/credential"
	"github.com/coditect-ai/license-platform/app/httpapi"
	"github.com/coditect-ai/license-platform/app/idtoken"
	"github.com/coditect-ai/license-platform/app/kms"
	"github.com/coditect-ai/license-platform/app/metrics"
	"github.com/coditect-ai/license-platform/app/postgres"
	"github.com/coditect-ai/license-platform/app/redis"
	"github.com/coditect-ai/license-platform/app/secretmanager"
)

// drain is how long requests under way may take after the end was asked for.
const drain = 15 * time.Second

// scrapers is how many connections the metrics port has at most: each node's collector keeps one.
const scrapers = 64

// RunServe serves the API until ctx is done, then lets requests under way finish. A
// ReapInterval of 0, which LoadServe refuses, leaves the housekeeping to the caller.
func RunServe(ctx context.Context, s Serve, out io.Writer) (err error) {
	level, err := logLevel(s.LogLevel)
	if err != nil {
		return err
	}
	log := newLog(out, level)
	var closers []func() error
	defer func() {
		// Resources that were opened later use resources that were opened before.
		for _, closeIt := range slices.Backward(closers) {
			err = errors.Join(err, closeIt())
		}
	}()

	secrets, err := secretmanager.Read(ctx, s.SecretManagerEndpoint, s.GoogleAPICA, s.DatabasePasswordSecret, s.RedisAuthSecret)
	if err != nil {
		return err
	}
	measured := metrics.New()
	options, closeConnector, err := s.database(ctx, secrets[0], log)
	if err != nil {
		return err
	}
	closers = append(closers, closeConnector)
	pool, err := postgres.Open(ctx, options)
	if err != nil {
		return err
	}
	closers = append(closers, func() error { pool.Close(); return nil })
	measured.Pool(pool)
	ledger := postgres.NewLedger(pool, measured.Dependency("postgres"))

	redis.LogTo(log)
	client, err := redis.Open(redis.Options{Address: s.RedisAddress, CA: s.RedisCA, Password: secrets[1]})
	if err != nil {
		return err
	}
	closers = append(closers, client.Close)

	keys, err := kms.Open(ctx, s.KMSEndpoint, s.GoogleAPICA, measured.Dependency("kms"))
	if err != nil {
		return err
	}
	closers = append(closers, keys.Close)
	signer, err := kms.NewSigner(keys, s.KMSKeyVersion)
	if err != nil {
		return err
	}
	published := kms.NewKeySet(keys, s.KMSKeyVersions)

	verifier, err := idtoken.New(ctx, idtoken.Options{
		Issuer: s.IdentityIssuer, Audience: s.ProjectID, KeysURL: s.IdentityKeysURL, CA: s.GoogleAPICA,
		TenantClaim: s.TenantClaim, GroupsClaim: s.GroupsClaim, AdminRole: s.AdminRole, Now: s.Now,
	})
	if err != nil {
		return err
	}
	answers := redis.NewAnswers(client, measured.Dependency("redis"))
	service := app.New(app.Dependencies{
		Ledger: ledger, Seats: redis.NewSeats(client, measured.Dependency("redis")), Answers: answers, Signer: signer,
		Meter: measured, Log: log, Issuer: s.TokenIssuer, Now: s.Now,
	})
	state := &readiness{
		log:    log,
		seats:  func(ctx context.Context) error { return redis.Ping(ctx, client) },
		ledger: ledger.Ping,
		fill:   func(ctx context.Context) (float64, error) { return redis.Fill(ctx, client) }, measure: measured.Filled,
		keys: published.Check, identity: verifier.Ready,
	}
	handler, err := httpapi.New(httpapi.Config{
		Service: service, Authenticator: verifier, Credentials: credential.New(ledger, s.Now, log), Answers: answers,
		Keys: published.JSON, Ready: state.check, Metrics: measured, Log: log, Origins: s.CORSOrigins,
		Project: s.ProjectID, RequestTimeout: s.RequestTimeout, TenantConcurrency: s.TenantConcurrency,
	})
	if err != nil {
		return err
	}
	p := process{settings: s, log: log, state: state, service: service, api: handler, metrics: measured.Handler()}
	return p.run(ctx)
}

// process is everything that runs until the end.
type process struct {
	settings Serve
	log      *slog.Logger
	state    *readiness
	service  *app.Service
	api      http.Handler
	metrics  http.Handler
}

func (p *process) run(ctx context.Context) error {
	var listen net.ListenConfig
	apiPort, err := listen.Listen(ctx, "tcp", p.settings.ListenAddress)
	if err != nil {
		return fmt.Errorf("listen on LISTEN_ADDRESS: %w", err)
	}
	metricsPort, err := listen.Listen(ctx, "tcp", p.settings.MetricsAddress)
	if err != nil {
		return errors.Join(fmt.Errorf("listen on METRICS_ADDRESS: %w", err), apiPort.Close())
	}
	metricsMux := http.NewServeMux()
	metricsMux.Handle("GET /metrics", p.metrics)
	// The load balancer keeps idle connections for 600 s; ours must last longer, or
	// it would send a request into a closing one
	// (cloud.google.com/load-balancing/docs/https#timeouts_and_retries).
	api := p.httpServer(p.api, 620*time.Second)
	metricsServer := p.httpServer(metricsMux, 120*time.Second)

	group, working := errgroup.WithContext(ctx)
	group.Go(func() error { return p.serveOn(api, apiPort, p.settings.connections()) })
	group.Go(func() error { return p.serveOn(metricsServer, metricsPort, scrapers) })
	if p.settings.ReapInterval > 0 {
		group.Go(func() error {
			p.service.Run(working, p.settings.ReapInterval, p.settings.Retention)
			return nil
		})
	}
	group.Go(func() error {
		<-working.Done()
		return p.stop(ctx, api, metricsServer)
	})
	p.log.InfoContext(ctx, "the license API serves", "address", apiPort.Addr().String(), "metrics", metricsPort.Addr().String(), "region", p.settings.Region, "pod", p.settings.PodIP)
	return group.Wait()
}

// stop lets the load balancer notice first, then drains.
func (p *process) stop(ctx context.Context, servers ...*http.Server) error {
	p.state.draining.Store(true)
	p.log.InfoContext(ctx, "shutting down: new requests are still taken for the drain delay", "delay", p.settings.DrainDelay.String())
	p.settings.Sleep(p.settings.DrainDelay)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	var failures []error
	for _, server := range servers {
		if err := server.Shutdown(ctx); err != nil {
			failures = append(failures, fmt.Errorf("requests were still under way at the end: %w", err), server.Close())
		}
	}
	return errors.Join(failures...)
}

func (p *process) httpServer(handler http.Handler, idle time.Duration) *http.Server {
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 15 * time.Second,
		IdleTimeout: idle, MaxHeaderBytes: 16 << 10, DisableGeneralOptionsHandler: true, ErrorLog: slog.NewLogLogger(p.log.Handler(), slog.LevelWarn),
	}
}

// serveOn serves the port until the server is told to end, with so many connections at most.
func (p *process) serveOn(server *http.Server, port net.Listener, connections int) error {
	// In a crowd this comes with each connection.
	full := rate.Sometimes{Interval: time.Minute}
	listener := connection.Listen(port, connection.Options{Idle: server.IdleTimeout, Most: connections, Full: func() {
		full.Do(func() {
			p.log.Warn("as many connections are open as the pod has memory for: idle ones are closed for new ones", "address", port.Addr().String(), "connections", connections)
		})
	}})
	server.ConnState = listener.State
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve on %s: %w", port.Addr(), err)
	}
	return nil
}
