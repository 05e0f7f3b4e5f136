package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/postgres"
)

func TestTheServerIsVerifiedByItsAuthorityAndItsCommonName(t *testing.T) {
	t.Parallel()
	server, other := apptest.StartPostgres(t), apptest.StartPostgres(t)
	for name, c := range map[string]struct{ ca, serverName, refusal string }{
		"as it is":                 {server.CA, server.ServerName, ""},
		"another instance's name":  {server.CA, "project:another", "is for \"" + server.ServerName + "\", not for \"project:another\""},
		"another instance's CA":    {other.CA, server.ServerName, "certificate signed by unknown authority"},
		"by its address, as hosts": {server.CA, "", "doesn't contain any IP SANs"},
	} {
		t.Run(name, func(t *testing.T) {
			pool, err := postgres.Open(t.Context(), postgres.Options{
				Address: server.Address, CA: c.ca, ServerName: c.serverName, Database: apptest.Database, User: apptest.APIRole, Password: apptest.Password,
			})
			require.NoError(t, err)
			defer pool.Close()
			if err = pool.Ping(t.Context()); c.refusal == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.refusal)
		})
	}
}
