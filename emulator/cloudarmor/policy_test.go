package cloudarmor_test

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/armor/policy"
	"github.com/coditect-ai/license-platform/emulator/cloudarmor"
)

const licenseHost = "licenses.coditect.ai"

// sharedWAF is built once for all tests: building takes seconds.
var sharedWAF = sync.OnceValue(cloudarmor.NewWAF)

// clock is a time that tests move by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(by)
}

// bench is a policy under test.
type bench struct {
	*cloudarmor.Evaluator
	clock *clock
}

// stand builds the policy of the settings and an evaluator for it.
func stand(t testing.TB, settings policy.Settings, options ...func(*cloudarmor.Options)) bench {
	t.Helper()
	return standAt(t, settings, policy.Scope{Host: licenseHost}, options...)
}

func standAt(t testing.TB, settings policy.Settings, scope policy.Scope, options ...func(*cloudarmor.Options)) bench {
	t.Helper()
	built, err := policy.Build(settings, scope)
	require.NoError(t, err)
	ready, err := cloudarmor.NewPolicy(configOf(built))
	require.NoError(t, err)
	hands := &clock{now: time.Date(2026, 11, 23, 16, 0, 0, 0, time.UTC)}
	chosen := cloudarmor.Options{Clock: hands.Now, WAF: sharedWAF()}
	for _, choose := range options {
		choose(&chosen)
	}
	return bench{Evaluator: cloudarmor.New(ready, chosen), clock: hands}
}

func configOf(built policy.Policy) cloudarmor.Config {
	return cloudarmor.Config{
		Name: built.Name, Rules: built.Rules, JSONParsing: built.JSONParsing,
		JSONContentTypes: built.JSONContentTypes, UserIPHeaders: built.UserIPHeaders,
	}
}

func (b bench) decide(t testing.TB, request cloudarmor.Request) cloudarmor.Decision {
	t.Helper()
	return b.Evaluate(context.Background(), request)
}

// get is a harmless request from a listed country.
func get(change ...func(*cloudarmor.Request)) cloudarmor.Request {
	request := cloudarmor.Request{
		Method: "GET", Scheme: "https", Host: licenseHost, Path: "/health",
		Headers:  http.Header{"User-Agent": {"coditect-ide/2.1"}, "Accept": {"application/json"}},
		ClientIP: netip.MustParseAddr("203.0.113.9"), Region: "DE",
	}
	for _, apply := range change {
		apply(&request)
	}
	return request
}

func from(ip string) func(*cloudarmor.Request) {
	return func(r *cloudarmor.Request) { r.ClientIP = netip.MustParseAddr(ip) }
}

func in(region string) func(*cloudarmor.Request) {
	return func(r *cloudarmor.Request) { r.Region = region }
}

func at(path, query string) func(*cloudarmor.Request) {
	return func(r *cloudarmor.Request) { r.Path, r.RawQuery = path, query }
}

func with(header, value string) func(*cloudarmor.Request) {
	return func(r *cloudarmor.Request) { r.Headers.Set(header, value) }
}

func method(name string) func(*cloudarmor.Request) {
	return func(r *cloudarmor.Request) { r.Method = name }
}

func body(contentType, text string) func(*cloudarmor.Request) {
	return func(r *cloudarmor.Request) {
		r.Method, r.Body = "POST", []byte(text)
		r.Headers.Set("Content-Type", contentType)
	}
}

func jsonBody(text string) func(*cloudarmor.Request) { return body("application/json", text) }

func repeated(text string, times int) string { return strings.Repeat(text, times) }
