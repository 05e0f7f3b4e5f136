package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/apptest/port"
	"github.com/coditect-ai/license-platform/app/server"
	"github.com/coditect-ai/license-platform/armor/policy"
	"github.com/coditect-ai/license-platform/emulator/cloudarmor"
	"github.com/coditect-ai/license-platform/setting/stackfile"
)

// declared is the Cloud Armor policy that a stack's committed file declares.
type declared struct {
	stack, host string
	*cloudarmor.Evaluator
}

// declaredPolicies builds the policy of every stack.
func declaredPolicies(t *testing.T) []declared {
	t.Helper()
	waf := cloudarmor.NewWAF()
	all := make([]declared, 0, 3)
	for _, stack := range stackfile.Names("../..") {
		content, err := os.ReadFile(filepath.Join("..", "..", "Pulumi."+stack+".yaml"))
		require.NoError(t, err)
		var file struct {
			Config struct {
				Armor    *policy.Settings `json:"license-platform:armor"`
				Platform struct {
					Domain string `json:"domain"`
				} `json:"license-platform:platform"`
			} `json:"config"`
		}
		require.NoError(t, yaml.Unmarshal(content, &file))
		require.NotNil(t, file.Config.Armor, stack)
		require.NotEmpty(t, file.Config.Platform.Domain, stack)
		host := "licenses." + file.Config.Platform.Domain
		built, err := policy.Build(*file.Config.Armor, policy.Scope{Host: host})
		require.NoError(t, err, stack)
		ready, err := cloudarmor.NewPolicy(cloudarmor.Config{Name: built.Name, Rules: built.Rules, JSONParsing: built.JSONParsing})
		require.NoError(t, err, stack)
		all = append(all, declared{stack: stack, host: host, Evaluator: cloudarmor.New(ready, cloudarmor.Options{WAF: waf})})
	}
	return all
}

// seen is what one policy decided about a request of one kind of client.
type seen struct {
	who string
	cloudarmor.Decision
}

// matches are the rules that the request matched, but for the one at the end that
// lets it pass at a limited rate. There must be none, not even in preview.
func (s seen) matches() (found []string) {
	for _, step := range s.Trace {
		passes := step.Action.LetsThrough() && step.Outcome == cloudarmor.Accept
		if step.Error != "" || len(step.Signatures) > 0 || step.Matched && !passes {
			found = append(found, fmt.Sprintf("%s: rule %d (%s) %v %s", s.who, step.Priority, step.Description, step.Signatures, step.Error))
		}
	}
	return found
}

// clients are the headers that the kinds of clients add to a call.
func clients() map[string]http.Header {
	return map[string]http.Header{
		"the IDE": {
			"User-Agent": {"coditect-ide/2.1.0 (darwin; arm64) Electron/38.2.0"}, "Accept": {"application/json"},
			"Accept-Encoding": {"gzip, deflate, br"}, "Accept-Language": {"en-GB,en;q=0.9"},
			"Traceparent": {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}, "X-Request-Id": {"01JD8Q3M2K5Y7ZB4T6W9XV0CNA"},
		},
		"a browser": {
			"User-Agent": {"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"},
			"Accept":     {"*/*"}, "Accept-Encoding": {"gzip, deflate, br, zstd"}, "Accept-Language": {"de-DE,de;q=0.9,en;q=0.8"},
			"Origin": {"https://coditect.ai"}, "Referer": {"https://coditect.ai/team/licences?view=list&sort=name"},
			"Sec-Fetch-Site": {"same-site"}, "Sec-Fetch-Mode": {"cors"}, "Sec-Fetch-Dest": {"empty"},
			"Sec-Ch-Ua": {`"Chromium";v="142", "Google Chrome";v="142", "Not_A Brand";v="99"`}, "Sec-Ch-Ua-Platform": {`"Linux"`},
		},
		"curl": {"User-Agent": {"curl/8.5.0"}, "Accept": {"*/*"}},
	}
}

// guarded is the license API with every declared policy in front of it. The
// policies only say what they would do, so that one call is evaluated by all.
type guarded struct {
	url      string
	policies []declared
	calls    int
	last     []seen
}

// evaluate asks every policy about a request as every kind of client would send it.
// Each call comes from an address of its own, so that no rate limit is reached.
func (g *guarded) evaluate(r *http.Request, body []byte) {
	g.calls++
	g.last = nil
	for _, each := range g.policies {
		for client, added := range clients() {
			headers := r.Header.Clone()
			maps.Copy(headers, added)
			decision := each.Evaluate(context.Background(), cloudarmor.Request{
				Method: r.Method, Scheme: "https", Host: each.host, Path: r.URL.EscapedPath(), RawQuery: r.URL.RawQuery,
				Headers: headers, Body: body, ServerName: each.host, Region: "US",
				ClientIP: netip.AddrFrom4([4]byte{198, 18, byte(g.calls >> 8), byte(g.calls)}),
			})
			g.last = append(g.last, seen{who: each.stack + ", " + client, Decision: decision})
		}
	}
}

// newGuarded starts the API on real PostgreSQL and Redis.
func newGuarded(t *testing.T, google *apptest.Google, tenants string) *guarded {
	t.Helper()
	api, err := url.Parse("http://" + startAPI(t, google, tenants))
	require.NoError(t, err)
	g := &guarded{policies: declaredPolicies(t)}
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(api) }}
	door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		g.evaluate(r, body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(door.Close)
	g.url = door.URL
	return g
}

// startAPI runs the service and returns its address.
func startAPI(t *testing.T, google *apptest.Google, tenants string) string {
	t.Helper()
	postgres, redis := apptest.StartPostgres(t), apptest.StartRedis(t)
	common := map[string]string{
		"PROJECT_ID": apptest.Project, "DATABASE_ADDRESS": postgres.Address, "DATABASE_CA": postgres.CA, "DATABASE_NAME": apptest.Database,
		"DATABASE_PASSWORD_SECRET": "projects/p/secrets/s/versions/1", "SECRET_MANAGER_ENDPOINT": google.Endpoint, "GOOGLE_API_CA": google.CA,
	}
	migrate := maps.Clone(common)
	maps.Copy(migrate, map[string]string{"DATABASE_USER": apptest.MigrationRole, "API_DATABASE_USER": apptest.APIRole, "TENANTS": tenants})
	require.NoError(t, server.Command(context.Background(), []string{"migrate"}, migrate, t.Output()))
	serve := maps.Clone(common)
	maps.Copy(serve, map[string]string{
		"DATABASE_USER": apptest.APIRole, "REDIS_ADDRESS": redis.Address, "REDIS_CA": redis.CA, "REDIS_AUTH_SECRET": "projects/p/secrets/r/versions/1",
		"KMS_KEY_VERSION": apptest.KeyVersion, "KMS_ENDPOINT": google.Endpoint, "IDENTITY_KEYS_URL": google.KeysURL, "CORS_ORIGINS": "https://coditect.ai",
		"LISTEN_ADDRESS": port.Address(t).String(), "METRICS_ADDRESS": port.Address(t).String(), "LOG_LEVEL": "error", "DRAIN_DELAY": "0s",
	})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Command(ctx, []string{"serve"}, serve, t.Output()) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, await.Receive(t, ended))
	})
	await.True(t, func() bool {
		answer, err := http.Get("http://" + serve["LISTEN_ADDRESS"] + "/ready")
		if err != nil {
			return false
		}
		defer func() { _ = answer.Body.Close() }()
		return answer.StatusCode == http.StatusOK
	}, "the API is not ready")
	return serve["LISTEN_ADDRESS"]
}
