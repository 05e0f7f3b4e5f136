package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/google/postgres"
)

func TestAMessageOfTheServersLogIsRead(t *testing.T) {
	t.Parallel()
	line, ok := postgres.ParseLog("2026-11-28 18:02:05.124 UTC [4711] license-api@licensing LOG:  process 4711 still waiting for ShareLock on transaction 12 after 1000.1 ms")
	require.True(t, ok)
	assert.Equal(t, postgres.LogLine{
		Time: time.Date(2026, 11, 28, 18, 2, 5, 124e6, time.UTC), PID: 4711, User: "license-api", Database: "licensing", Level: "LOG",
		Text: "process 4711 still waiting for ShareLock on transaction 12 after 1000.1 ms",
	}, line)
	line, ok = postgres.ParseLog("2026-11-28 18:02:05.124 UTC [12] LOG:  checkpoint starting: time")
	require.True(t, ok)
	assert.Empty(t, line.User, "the server says it by itself")
	for _, other := range []string{"", "\tFROM licensing.audit", "initdb: warning: enabling \"trust\"", "2026-11-28 18:02:05 UTC [12] LOG:  no fraction"} {
		_, ok := postgres.ParseLog(other)
		assert.False(t, ok, other)
	}
}

func TestWhatPgauditLogsIsRead(t *testing.T) {
	t.Parallel()
	const prefix = "2026-11-28 18:02:05.124 UTC [4711] license-api@licensing LOG:  "
	line, ok := postgres.ParseLog(prefix + "AUDIT: SESSION,3,1,WRITE,INSERT,TABLE,licensing.audit,\"INSERT INTO licensing.audit (\"\"user\"\", action)\n\tVALUES ($1, $2)\",<not logged>")
	require.True(t, ok)
	statement, ok := line.Audited()
	require.True(t, ok)
	assert.Equal(t, postgres.Statement{
		Type: "SESSION", ID: 3, Part: 1, Class: "WRITE", Command: "INSERT", ObjectType: "TABLE", Object: "licensing.audit",
		Text: "INSERT INTO licensing.audit (\"user\", action)\nVALUES ($1, $2)", Parameter: "<not logged>",
	}, statement)
	for _, text := range []string{"AUDIT: SESSION,x,1,WRITE,INSERT,TABLE,a,b,c", "AUDIT: SESSION,1", "connection authorized: user=a"} {
		line, ok := postgres.ParseLog(prefix + text)
		require.True(t, ok)
		_, ok = line.Audited()
		assert.False(t, ok, text)
	}
}
