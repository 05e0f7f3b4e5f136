package loadbalancer

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// newTLSSettings joins the SSL policy with the certificates.
func newTLSSettings(policy TLSPolicy, all certificates) (*tls.Config, error) {
	c, err := policy.settings()
	if err != nil {
		return nil, err
	}
	c.NextProtos = []string{"h2", "http/1.1"}
	c.GetCertificate = all.choose
	return c, nil
}

// Serve answers requests until ctx ends, then lets those in flight finish within
// Options.Grace, cuts what is left and returns nil. It is called once.
func (f *LoadBalancer) Serve(ctx context.Context) error {
	server := f.newServer(f)
	server.TLSConfig = &tls.Config{
		MinVersion: tls.VersionTLS12, // never used: every handshake takes the snapshot's settings
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			if settings := f.current.Load().tls; settings != nil {
				return settings, nil
			}
			return newTLSSettings(TLSPolicy{}, nil)
		},
	}
	failed := make(chan error, 1)
	go func() { failed <- server.ServeTLS(f.listener, "", "") }()
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
		err = fmt.Errorf("serve the load balancer: %w", err)
	}
	f.mu.Lock()
	f.closed = true
	plain := f.plain
	f.plain = nil
	f.mu.Unlock()

	f.shutdown(server)
	if err == nil {
		<-failed
	}
	if plain != nil {
		plain.close(f)
	}
	f.stop()
	f.work.Wait()
	f.transport.CloseIdleConnections()
	return errors.Join(err, f.record.close())
}

// shutdown stops taking requests and waits for those in flight, at most the
// grace; upgraded connections are not waited for.
func (f *LoadBalancer) shutdown(server *http.Server) {
	limited, cancel := context.WithTimeout(context.WithoutCancel(f.live), f.options.Grace)
	defer cancel()
	if err := server.Shutdown(limited); err != nil {
		f.options.Logger.Warn("requests were cut when the load balancer stopped", "why", err)
		_ = server.Close()
	}
}

// newServer sets the limits of Google's front ends: request headers up to 64 KiB
// and connections kept for 610 s
// (https://cloud.google.com/load-balancing/docs/quotas,
// https://cloud.google.com/load-balancing/docs/https/request-distribution). The
// body of a request has no limit there, so it has none here.
func (f *LoadBalancer) newServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 30 * time.Second,
		IdleTimeout:       610 * time.Second,
		MaxHeaderBytes:    64 << 10,
		BaseContext:       func(net.Listener) context.Context { return f.live },
		ErrorLog:          slog.NewLogLogger(f.options.Logger.Handler(), slog.LevelDebug),
	}
}
