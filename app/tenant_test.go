package app_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/app"
)

func TestATenantsIdIsSafeInKeysAndHeaders(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 128)
	for id, valid := range map[string]bool{
		"demo-1a2b": true, "A": true, "0": true, "a.b_c-D9": true, long: true,
		"": false, long + "a": false, ".a": false, "_a": false, "-a": false, "a/b": false, "a b": false, "a{b": false, "a\n": false, "a\x00": false,
		"ä": false, "a:b": false, "a@b": false, "a[b": false, "a`b": false,
	} {
		assert.Equal(t, valid, app.ValidTenantID(id), "%q", id)
	}
}

func TestACredentialIsReadWithoutGarbage(t *testing.T) {
	text := app.CredentialPrefix + "demo-1a2b_" + strings.Repeat("a", 26) + "_" + strings.Repeat("b", 52)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		_, _, ok := app.ParseCredential(text)
		assert.True(t, ok)
	}), "each heartbeat of a program reads one, and anybody may send made-up ones")
}
