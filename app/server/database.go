package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"

	"cloud.google.com/go/cloudsqlconn"

	"github.com/coditect-ai/license-platform/app/googleapi"
	"github.com/coditect-ai/license-platform/app/postgres"
)

// sqlAdminScope lets an access token call the Cloud SQL Admin API, and nothing else
// (https://developers.google.com/identity/protocols/oauth2/scopes#sqladmin).
const sqlAdminScope = "https://www.googleapis.com/auth/sqlservice.admin"

// database returns how to connect, and a function that closes the connector.
func (s *Common) database(ctx context.Context, password string, log *slog.Logger) (postgres.Options, func() error, error) {
	options := postgres.Options{
		Address: s.DatabaseAddress, CA: s.DatabaseCA, Database: s.DatabaseName, User: s.DatabaseUser,
		Password: password, MaxConnections: s.DatabaseConnections,
	}
	if s.DatabaseInstance == "" {
		return options, func() error { return nil }, nil
	}
	settings, err := s.connector()
	if err != nil {
		return postgres.Options{}, nil, err
	}
	dialer, err := cloudsqlconn.NewDialer(ctx, settings...)
	if err != nil {
		return postgres.Options{}, nil, fmt.Errorf("prepare the Cloud SQL connector: %w", err)
	}
	options.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
		conn, err := dial(ctx, dialer, s.DatabaseInstance)
		if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
			// The request that waited has ended, so this is the only place that can report the reason.
			log.Warn("the database was not reached in time", "error", err)
		}
		return conn, err
	}
	return options, func() error {
		if err := dialer.Close(); err != nil && !errors.Is(err, cloudsqlconn.ErrDialerClosed) {
			return fmt.Errorf("close the Cloud SQL connector: %w", err)
		}
		return nil
	}, nil
}

// connector returns the connector's settings.
func (s *Common) connector() ([]cloudsqlconn.Option, error) {
	settings := []cloudsqlconn.Option{
		cloudsqlconn.WithDefaultDialOptions(cloudsqlconn.WithPrivateIP()),
		cloudsqlconn.WithBuiltInMetrics(false),
		cloudsqlconn.WithLazyRefresh(),
	}
	if s.DatabasePasswordSecret == "" {
		settings = append(settings, cloudsqlconn.WithIAMAuthN())
	}
	if s.SQLAdminEndpoint == "" {
		return settings, nil
	}
	client, err := googleapi.Client(s.GoogleAPICA, sqlAdminScope)
	if err != nil {
		return nil, fmt.Errorf("prepare the client of the Cloud SQL Admin API: %w", err)
	}
	return append(settings, cloudsqlconn.WithAdminAPIEndpoint("https://"+s.SQLAdminEndpoint+"/"), cloudsqlconn.WithHTTPClient(client)), nil
}

// dial connects to the instance. The connector first asks the Admin API for the
// instance's address and a certificate, with access tokens from the metadata server, and
// then dials the instance's proxy; an error says which of them it was. It does not wrap
// what the connector says, because pgx puts "timeout" in the place of every error that is
// one (https://github.com/jackc/pgx/blob/v5.12.0/pgconn/errors.go, normalizeTimeoutError).
func dial(ctx context.Context, dialer *cloudsqlconn.Dialer, instance string) (net.Conn, error) {
	allowed := false
	conn, err := dialer.Dial(ctx, instance, cloudsqlconn.WithOneOffDialFunc(func(ctx context.Context, network, address string) (net.Conn, error) {
		allowed = true
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}))
	switch {
	case err == nil:
		return conn, nil
	case allowed:
		return nil, fmt.Errorf("connect to the proxy of Cloud SQL %s: %v", instance, err)
	default:
		return nil, fmt.Errorf("get a certificate for Cloud SQL %s from the Cloud SQL Admin API: %v", instance, err)
	}
}
