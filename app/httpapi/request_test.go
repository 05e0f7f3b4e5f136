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

func TestIdsOfOthersAreTakenUpToTheirLimits(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 64)
	for id, taken := range map[string]bool{long: true, long + "a": false, "azAZ09._-": true, "a b": false, "a/b": false, "a@b": false, "a[b": false, "a`b": false, "a{b": false, "a:b": false} {
		assert.Equal(t, taken, cleanID(id) == id, id)
	}
	trace := strings.Repeat("0a9f", 8)
	for name, c := range map[string]struct{ parent, cloud, trace, span string }{
		"traceparent":                        {"00-" + trace + "-0123456789abcdef-01", "", trace, "0123456789abcdef"},
		"traceparent comes first":            {"00-" + trace + "-0123456789abcdef-01", strings.Repeat("b", 32) + "/1", trace, "0123456789abcdef"},
		"traceparent with a fifth part":      {"00-" + trace + "-0123456789abcdef-01-x", "", "", ""},
		"traceparent with a short trace":     {"00-" + trace[1:] + "-0123456789abcdef-01", "", "", ""},
		"traceparent with a short span":      {"00-" + trace + "-123456789abcdef-01", "", "", ""},
		"traceparent in capital letters":     {"00-" + strings.ToUpper(trace) + "-0123456789abcdef-01", "", "", ""},
		"Google's header":                    {"", trace + "/123;o=1", trace, "123"},
		"Google's header without a span":     {"", trace, trace, ""},
		"Google's header with a longer span": {"", trace + "/" + strings.Repeat("1", 20), trace, strings.Repeat("1", 20)},
		"a span that is too long":            {"", trace + "/" + strings.Repeat("1", 21), trace, ""},
		"a span that is not a number":        {"", trace + "/x", trace, ""},
		"another letter":                     {"", trace[1:] + "g/1", "", ""},
		"a sign before the digits":           {"", trace[1:] + "//1", "", ""},
		"a sign behind the digits":           {"", trace[1:] + ":/1", "", ""},
		"a sign before the letters":          {"", trace[1:] + "`/1", "", ""},
	} {
		header := http.Header{}
		if c.parent != "" {
			header.Set("Traceparent", c.parent)
		}
		header.Set("X-Cloud-Trace-Context", c.cloud)
		gotTrace, gotSpan := traceOf(header)
		assert.Equal(t, []string{c.trace, c.span}, []string{gotTrace, gotSpan}, name)
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr = "nowhere"
	assert.Empty(t, clientAddress(r))
	assert.Empty(t, newRequest(r, "p").trace)
}

func TestARequestThatIsGivenUpWaitsForNoSlot(t *testing.T) {
	t.Parallel()
	limit := newTenantLimit(1)
	limit.wait = time.Hour
	held, err := limit.enter(t.Context(), share{tenant: "a"})
	require.NoError(t, err)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = limit.enter(gone, share{tenant: "a"})
	var refused *app.Error
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, time.Second, refused.RetryAfter)
	assert.Equal(t, 1, limit.slots[share{tenant: "a"}].users)
	held.leave()
	assert.Empty(t, limit.slots)
}

func TestOnlyRequestsOfATenantAreLimited(t *testing.T) {
	t.Parallel()
	limit := newTenantLimit(1)
	limit.wait = time.Millisecond
	inside := 0
	handler := limit.handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { inside = len(limit.slots) }))
	ask := func(tenant string) int {
		r := httptest.NewRequest(http.MethodGet, "/v1/licenses/demo", nil)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestKey{}, &request{who: app.Principal{Tenant: tenant}})))
		return w.Code
	}
	assert.Equal(t, http.StatusOK, ask(""))
	assert.Zero(t, inside)
	assert.Equal(t, http.StatusOK, ask("a"))
	assert.Equal(t, 1, inside)
	held, err := limit.enter(t.Context(), share{tenant: "a"})
	require.NoError(t, err)
	assert.Equal(t, http.StatusTooManyRequests, ask("a"))
	held.leave()
	assert.Equal(t, share{"a", ofReleases}, shareOf("a", "/v1/leases/x/force-release"))
	assert.Equal(t, share{"a", ofOthers}, shareOf("a", "/v1/leases"))
}
