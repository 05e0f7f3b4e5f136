package server

import (
	"context"
	"errors"
	"fmt"
	"net"

	"cloud.google.com/go/cloudsqlconn"

	"github.com/coditect-ai/license-platform/app/postgres"
)

// database says how to connect, and returns what ends the connector.
func (s *Common) database(ctx context.Context, password string) (postgres.Options, func() error, error) {
	options := postgres.Options{
		Address: s.DatabaseAddress, CA: s.DatabaseCA, ServerName: s.DatabaseServerName, Database: s.DatabaseName, User: s.DatabaseUser,
		Password: password, MaxConnections: s.DatabaseConnections,
	}
	if s.DatabaseInstance == "" {
		return options, func() error { return nil }, nil
	}
	settings := []cloudsqlconn.Option{
		cloudsqlconn.WithDefaultDialOptions(cloudsqlconn.WithPrivateIP()),
		cloudsqlconn.WithBuiltInMetrics(false),
		cloudsqlconn.WithLazyRefresh(),
	}
	if s.DatabasePasswordSecret == "" {
		settings = append(settings, cloudsqlconn.WithIAMAuthN())
	}
	dialer, err := cloudsqlconn.NewDialer(ctx, settings...)
	if err != nil {
		return postgres.Options{}, nil, fmt.Errorf("prepare the Cloud SQL connector: %w", err)
	}
	options.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
		conn, err := dialer.Dial(ctx, s.DatabaseInstance)
		if err != nil {
			return nil, fmt.Errorf("connect to Cloud SQL %s: %w", s.DatabaseInstance, err)
		}
		return conn, nil
	}
	return options, func() error {
		if err := dialer.Close(); err != nil && !errors.Is(err, cloudsqlconn.ErrDialerClosed) {
			return fmt.Errorf("close the Cloud SQL connector: %w", err)
		}
		return nil
	}, nil
}
