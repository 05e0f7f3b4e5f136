package server

import (
	"context"
	"errors"
	"io"

	"github.com/coditect-ai/license-platform/app/postgres"
	"github.com/coditect-ai/license-platform/app/secretmanager"
)

// RunMigrate brings the schema up to date, gives the API's role its rights, and writes
// the declared tenants. It may run at any time, together with the old and the new API.
func RunMigrate(ctx context.Context, s Migrate, seeds []postgres.Seed, out io.Writer) (err error) {
	level, err := logLevel(s.LogLevel)
	if err != nil {
		return err
	}
	log := newLog(out, level)
	secrets, err := secretmanager.Read(ctx, s.SecretManagerEndpoint, s.GoogleAPICA, s.DatabasePasswordSecret)
	if err != nil {
		return err
	}
	options, closeConnector, err := s.database(ctx, secrets[0], log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeConnector()) }()
	if err := postgres.Migrate(ctx, options, s.APIDatabaseUser, log); err != nil {
		return err
	}
	if err := postgres.Upsert(ctx, options, seeds); err != nil {
		return err
	}
	log.InfoContext(ctx, "the database is up to date", "tenants", len(seeds))
	return nil
}
