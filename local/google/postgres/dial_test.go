package postgres_test

import (
	"context"
	"net"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/google/postgres"
)

// through logs in on a connection that the instance's proxy has opened for who has logged
// in by IAM.
func (w fixture) through(t *testing.T, s *postgres.Server, loggedIn, user, password string) (who string, err error) {
	t.Helper()
	config, err := pgx.ParseConfig("sslmode=disable")
	require.NoError(t, err)
	config.Host, config.Port, config.Fallbacks = w.config.Address.Addr().String(), w.config.Address.Port(), nil
	config.User, config.Password, config.Database = user, password, "postgres"
	config.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) { return s.Dial(ctx, loggedIn) }
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		return "", err
	}
	defer func() { assert.NoError(t, conn.Close(context.Background())) }()
	return ask[string](t, conn, "SELECT current_user::text"), nil
}

func TestTheProxyBringsEachUserAsWhomIAMHasLetIn(t *testing.T) {
	const api, other = "license-api@acme.iam", "other@acme.iam"
	w := newFixture(t)
	s := w.start(t)
	for user, kind := range map[string]postgres.Kind{api: postgres.IAMServiceAccount, other: postgres.IAMServiceAccount, "ada@example.com": postgres.IAMUser} {
		require.NoError(t, s.CreateUser(t.Context(), user, "", kind))
	}
	require.NoError(t, s.CreateUser(t.Context(), owner, password, postgres.BuiltIn))
	for name, c := range map[string]struct{ loggedIn, user, password, refusal string }{
		"a service account":                   {api, api, "", ""},
		"a person":                            {"ada@example.com", "ada@example.com", "", ""},
		"a password":                          {"", owner, password, ""},
		"a password, of who logged in by IAM": {api, owner, password, ""},
		"a wrong password":                    {"", owner, "guessed", "28P01"},
		"no password, of who logged in":       {api, owner, "", "28P01"},
		"another's name":                      {api, other, "", "28000"},
		"a person's name":                     {api, "ada@example.com", "", "28000"},
		"nobody's name, without IAM":          {"", api, "", "28000"},
		"a password for an IAM user":          {"", api, "guessed", "28000"},
		"Google's own administrator":          {"cloudsqladmin", "cloudsqladmin", "", "28000"},
	} {
		who, err := w.through(t, s, c.loggedIn, c.user, c.password)
		if c.refusal == "" {
			require.NoError(t, err, name)
			assert.Equal(t, c.user, who, name)
			continue
		}
		require.ErrorContains(t, err, c.refusal, name)
	}
	_, err := w.connect(t, api, "", "postgres")
	require.ErrorContains(t, err, "28000", "nobody else has the proxy's certificates")
}
