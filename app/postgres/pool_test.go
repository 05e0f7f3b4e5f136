package postgres_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/postgres"
)

func TestTheServerIsVerifiedByItsAuthorityAndItsAddress(t *testing.T) {
	t.Parallel()
	server, other := apptest.StartPostgres(t), apptest.StartPostgres(t)
	_, port, _ := strings.Cut(server.Address, ":")
	for name, c := range map[string]struct{ address, ca, refusal string }{
		"as it is":                {server.Address, server.CA, ""},
		"another server's CA":     {server.Address, other.CA, "certificate signed by unknown authority"},
		"a name it does not have": {"localhost:" + port, server.CA, "wanted to match localhost"},
	} {
		t.Run(name, func(t *testing.T) {
			pool, err := postgres.Open(t.Context(), postgres.Options{
				Address: c.address, CA: c.ca, Database: apptest.Database, User: apptest.APIRole, Password: apptest.Password,
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
