package httpapi

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
)

func TestTheClientsAddressIsWhatTheLoadBalancerSaw(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		header []string
		want   string
	}{
		"no header":                        {nil, "192.0.2.1"},
		"as Google writes it":              {[]string{"203.0.113.9, 34.1.2.3"}, "203.0.113.9"},
		"with the client's own claim":      {[]string{"6.6.6.6, 203.0.113.9, 34.1.2.3"}, "203.0.113.9"},
		"in two headers":                   {[]string{"6.6.6.6", "203.0.113.9, 34.1.2.3"}, "203.0.113.9"},
		"IPv6":                             {[]string{"2001:db8::1,34.1.2.3"}, "2001:db8::1"},
		"one entry, so not from Google":    {[]string{"6.6.6.6"}, "192.0.2.1"},
		"something that is not an address": {[]string{"x, 34.1.2.3"}, "192.0.2.1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header["X-Forwarded-For"] = c.header
			assert.Equal(t, c.want, clientAddress(r))
		})
	}
}

func FuzzHeadersNeverPutOtherThingsIntoTheLog(f *testing.F) {
	f.Add("6.6.6.6, 203.0.113.9, 34.1.2.3", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "0af7651916cd43dd8448eb211c80319c/123;o=1", "request-1")
	f.Add(",", "-", "/;", "\n")
	f.Fuzz(func(t *testing.T, forwarded, parent, cloud, id string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header = http.Header{"X-Forwarded-For": {forwarded}, "Traceparent": {parent}, "X-Cloud-Trace-Context": {cloud}, "X-Request-Id": {id}}
		found := newRequest(r, "p")
		assert.Regexp(t, `^[A-Za-z0-9._-]{1,64}$`, found.id)
		assert.Regexp(t, `^(|projects/p/traces/[0-9a-f]{32})$`, found.trace)
		assert.Regexp(t, `^[0-9a-f]{0,20}$`, found.span)
		assert.Regexp(t, `^[0-9a-fA-F.:]*$`, found.address)
	})
}

func FuzzOnlyABearerTokenIsAToken(f *testing.F) {
	f.Add("Bearer abc")
	f.Add("bearer  ")
	f.Fuzz(func(t *testing.T, value string) {
		token, err := bearer(http.Header{"Authorization": {value}})
		if err != nil {
			assert.Equal(t, app.CodeMissingAuth, app.CodeOf(err))
			return
		}
		assert.NotEmpty(t, token)
		assert.True(t, strings.EqualFold(value[:6], "bearer"))
	})
}

func TestOneTenantCannotTakeEverything(t *testing.T) {
	t.Parallel()
	limit := newTenantLimit(2)
	limit.wait = 20 * time.Millisecond
	ctx := context.Background()
	first, err := limit.enter(ctx, share{tenant: "a"})
	require.NoError(t, err)
	second, err := limit.enter(ctx, share{tenant: "a"})
	require.NoError(t, err)
	_, err = limit.enter(ctx, share{tenant: "a"})
	assert.Equal(t, app.CodeTooManyRequests, app.CodeOf(err), "the third waits in vain")
	third, err := limit.enter(ctx, share{tenant: "b"})
	require.NoError(t, err, "another tenant does not notice")
	for _, path := range []string{"/v1/leases/x/heartbeat", "/v1/leases/x/release"} {
		slots, err := limit.enter(ctx, shareOf("a", path))
		require.NoError(t, err, "nor do the tenant's own %s", path)
		defer slots.leave()
	}
	first.leave()
	fourth, err := limit.enter(ctx, share{tenant: "a"})
	require.NoError(t, err)
	second.leave()
	third.leave()
	fourth.leave()
	assert.Len(t, limit.slots, 2, "nothing is kept of what is over")
}
