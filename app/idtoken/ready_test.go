package idtoken

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest/await"
)

func TestWithoutTheIssuersKeysNobodyIsReady(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	ready := func() app.Code { return app.CodeOf(i.verifier.Ready(t.Context())) }
	i.away.Store(true)
	assert.Equal(t, app.CodeUnavailable, ready())
	i.away.Store(false)
	i.ahead.Store(int64(pace))
	require.Empty(t, ready())
	before := i.fetched.Load()
	assert.Empty(t, ready())
	assert.Empty(t, i.verify())
	assert.Equal(t, before, i.fetched.Load(), "once is enough")

	// Tokens are verified by the keys of before, and it is told all the same.
	i.away.Store(true)
	i.ahead.Store(int64(pace + keysGood))
	assert.Empty(t, i.verify())
	assert.Equal(t, app.CodeUnavailable, ready())
	i.away.Store(false)
	i.ahead.Store(int64(pace + keysGood + keysRetry))
	await.True(t, func() bool { return ready() == "" }, "it asks again by itself")
}
