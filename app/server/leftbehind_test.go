package server_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/apptest/await"
)

// ledgerText is every row of every table of the schema.
func (w *fixture) ledgerText(t testing.TB) string {
	t.Helper()
	tables := strings.Fields(w.postgres.Text(t, `SELECT string_agg(relname, ' ') FROM pg_class WHERE relnamespace = 'licensing'::regnamespace AND relkind IN ('r', 'p', 'm')`))
	require.Contains(t, tables, "refusal")
	var all strings.Builder
	for _, table := range tables {
		all.WriteString(table + ": " + w.postgres.Text(t, `SELECT coalesce(string_agg(r::text, E'\n'), '') FROM licensing.`+table+` r`) + "\n")
	}
	return all.String()
}

// redisText is every key of the live store with its value.
func (w *fixture) redisText(t testing.TB) string {
	t.Helper()
	client := w.redis.Client()
	defer client.Close()
	keys, err := client.Keys(t.Context(), "*").Result()
	require.NoError(t, err)
	var all strings.Builder
	for _, key := range keys {
		var value any
		var err error
		switch kind := client.Type(t.Context(), key).Val(); kind {
		case "string":
			value, err = client.Get(t.Context(), key).Result()
		case "hash":
			value, err = client.HGetAll(t.Context(), key).Result()
		case "zset":
			value, err = client.ZRangeWithScores(t.Context(), key, 0, -1).Result()
		default:
			require.Fail(t, "a kind of value that this test does not know", "%s: %s", key, kind)
		}
		if err != goredis.Nil {
			require.NoError(t, err)
		}
		fmt.Fprintf(&all, "%s: %v\n", key, value)
	}
	return all.String()
}

func TestAnErasureLeavesNothingOfTheUserInAnyStoreOrLog(t *testing.T) {
	t.Parallel()
	w := newFixtureAlone(t)
	// zoe-0189 is in no random id: those have letters and digits only.
	api := w.serve(t, map[string]string{"LOG_LEVEL": "debug"})
	admin := w.admin(t)
	claims := apptest.Claims(mine, "zoe-0189")
	claims["email"], claims["groups"] = "zoe-0189@example.com", []string{"devs"}
	zoe, bob := w.google.Mint(t, claims), w.google.Mint(t, apptest.Claims(mine, "bob"))
	ask := func(token, path, body string, headers ...string) reply {
		t.Helper()
		if token == zoe {
			headers = append(headers, "X-Forwarded-For", "198.51.100.77, 10.0.0.1")
		}
		return api.call(t, "POST", path, token, body, headers...)
	}
	require.Equal(t, 201, api.call(t, "POST", "/v1/licenses", admin, `{"id":"kept","product":"p","seats":2,"maxBorrowSeconds":3600,"userSeats":1,"reservations":[{"group":"devs","seats":1}]}`).status)
	require.Equal(t, 201, api.call(t, "POST", "/v1/licenses", admin, `{"id":"busy","product":"p","seats":1,"whenFull":"take"}`).status)

	// What there is since licences have limits: a reserved seat, a seat that was taken from another
	// and one that was taken away, refusals that are counted, an answer that is remembered.
	require.Equal(t, 201, ask(zoe, "/v1/licenses/kept/acquire", `{"fingerprint":"zoe-0189s-laptop"}`, "Idempotency-Key", "zoe-0189s-key").status)
	require.Equal(t, 200, ask(zoe, "/v1/licenses/kept/borrow", `{"fingerprint":"zoe-0189s-laptop","durationSeconds":3600}`).status)
	for range 3 {
		require.Equal(t, "user_limit_reached", ask(zoe, "/v1/licenses/kept/acquire", `{"fingerprint":"zoe-0189s-phone"}`).text("code"))
	}
	require.Equal(t, 201, ask(bob, "/v1/licenses/busy/acquire", `{"fingerprint":"desk"}`).status)
	require.Equal(t, 201, ask(zoe, "/v1/licenses/busy/acquire", `{"fingerprint":"zoe-0189s-laptop"}`).status)
	require.Equal(t, 201, ask(bob, "/v1/licenses/busy/acquire", `{"fingerprint":"desk"}`).status)
	held := ask(zoe, "/v1/licenses/demo/acquire", `{"fingerprint":"zoe-0189s-desk"}`).text("leaseId")
	require.Equal(t, "forbidden", ask(zoe, "/v1/credentials", `{"name":"x","licenses":["demo"]}`).text("code"))

	// One release does not reach the ledger.
	w.postgres.Stop(t)
	require.Equal(t, 204, ask(zoe, "/v1/leases/"+held+"/release", "").status)
	w.postgres.Start(t)
	require.Contains(t, w.redisText(t), "zoe-0189", "the release waits with its origin")

	erase := func() bool {
		return api.call(t, "POST", "/v1/privacy/erase", admin, `{"user":"zoe-0189"}`).status == 200
	}
	await.True(t, erase, "the ledger is back")
	sum := sha256.Sum256([]byte("zoe-0189"))
	for store, text := range map[string]string{"PostgreSQL": w.ledgerText(t), "Redis": w.redisText(t)} {
		for _, trace := range []string{"zoe-0189", "198.51.100.77", hex.EncodeToString(sum[:16]), hex.EncodeToString([]byte("zoe-0189"))} {
			for _, line := range strings.Split(text, "\n") {
				assert.NotContains(t, line, trace, store)
			}
		}
	}
	assert.Contains(t, w.ledgerText(t), "bob", "another user's data stays")
	assert.NotContains(t, w.log.String(), "zoe-0189")
}
