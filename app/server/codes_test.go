package server_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/redis"
)

const (
	opAcquire   = "POST /v1/licenses/{license_id}/acquire"
	opBorrow    = "POST /v1/licenses/{license_id}/borrow"
	opHeartbeat = "POST /v1/leases/{lease_id}/heartbeat"
	opRelease   = "POST /v1/leases/{lease_id}/release"
	opForce     = "POST /v1/leases/{lease_id}/force-release"
)

// provoked asks for operations about one licence, lease and credential, and keeps the codes
// that it got: "POST /v1/licenses forbidden".
type provoked struct {
	w                          *fixture
	api                        *instance
	license, lease, credential string
	got                        *sync.Map
}

// about is the same about other things.
func (p *provoked) about(license, lease string) *provoked {
	other := *p
	other.license, other.lease = license, lease
	return &other
}

// good is a body that an operation takes; all others have none.
func good(operation string) string {
	return map[string]string{
		opAcquire:                               `{"fingerprint":"device"}`,
		opBorrow:                                `{"fingerprint":"device","durationSeconds":60}`,
		"POST /v1/licenses":                     `{"id":"another","product":"p","seats":1}`,
		"POST /v1/credentials":                  `{"name":"another","licenses":["demo"]}`,
		"POST /v1/privacy/export":               `{"user":"nobody"}`,
		"POST /v1/privacy/erase":                `{"user":"nobody"}`,
		"POST /v1/licenses/{license_id}/update": `{"seats":5}`,
	}[operation]
}

func (p *provoked) address(operation string) (method, path string) {
	method, path, _ = strings.Cut(operation, " ")
	return method, strings.NewReplacer("{license_id}", p.license, "{lease_id}", p.lease, "{credential_id}", p.credential).Replace(path)
}

// ask sends a request for an operation, and notes the code that it gets.
func (p *provoked) ask(t *testing.T, operation, token, query, body string, headers ...string) {
	t.Helper()
	method, path := p.address(operation)
	p.note(operation, p.api.call(t, method, path+query, token, body, headers...).text("code"))
}

func (p *provoked) note(operation, code string) { p.got.Store(operation+" "+code, true) }

// everywhere provokes what any operation with a token may answer.
func (p *provoked) everywhere(t *testing.T, operation, admin, user string) {
	t.Helper()
	nowhere, stranger := apptest.Claims("nobody-9z9z", "root"), apptest.Claims("nobody-9z9z", "root")
	delete(nowhere, "firebase")
	stranger["role"] = "admin"
	body := good(operation)
	p.ask(t, operation, "", "", body)
	p.ask(t, operation, "rubbish", "", body)
	p.ask(t, operation, p.w.google.Mint(t, nowhere), "", body)
	p.ask(t, operation, p.w.google.Mint(t, stranger), "", body)
	p.ask(t, operation, user, "", body)
	p.ask(t, operation, admin, "", body, "Origin", "https://elsewhere.example", "Sec-Fetch-Site", "cross-site")
	p.ask(t, operation, admin, "", strings.Repeat(" ", 65<<10))
	p.ask(t, operation, admin, "", "x=y", "Content-Type", "text/plain")
	p.ask(t, operation, admin, "?limit=0", `{"nothing":1}`)
	p.brokenOff(t, operation, admin)
	long := *p
	long.license, long.lease, long.credential = strings.Repeat("a", 300), strings.Repeat("a", 300), strings.Repeat("a", 300)
	long.ask(t, operation, admin, "", body)
	_, path := p.address(operation)
	p.note(operation, p.api.call(t, "DELETE", path, admin, "").text("code"))
}

// brokenOff sends a request whose body ends before its end.
func (p *provoked) brokenOff(t *testing.T, operation, token string) {
	t.Helper()
	method, path := p.address(operation)
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.api.url, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	_, err = fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: 20\r\n\r\n{", method, path, token)
	require.NoError(t, err)
	half, ok := conn.(*net.TCPConn)
	require.True(t, ok)
	require.NoError(t, half.CloseWrite())
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	for _, code := range app.Codes() {
		if strings.Contains(string(answer), `"code":"`+string(code)+`"`) {
			p.note(operation, string(code))
		}
	}
}

// keyed provokes what an Idempotency-Key may: the key of a request that is being worked on,
// and of another one.
func (p *provoked) keyed(t *testing.T, operation, admin string) {
	t.Helper()
	client := p.w.redis.Client()
	defer client.Close()
	answers := redis.NewAnswers(client, func(string, time.Duration, error) {})
	method, path := p.address(operation)
	sum := sha256.Sum256([]byte(method + "\x00" + path + "\x00\x00" + good(operation)))
	_, err := answers.Begin(t.Context(), root(), operation, hex.EncodeToString(sum[:]))
	require.NoError(t, err)
	p.ask(t, operation, admin, "", good(operation), "Idempotency-Key", operation)
	p.ask(t, operation, admin, "?limit=1", good(operation), "Idempotency-Key", operation)
}

// seats provokes what the state of a licence, a lease and their holders may.
func (p *provoked) seats(t *testing.T, admin, ada string) {
	t.Helper()
	w, api := p.w, p.api
	bob := w.google.Mint(t, apptest.Claims(mine, "bob"))
	create := func(id, terms string) {
		require.Equal(t, 201, api.call(t, "POST", "/v1/licenses", admin, `{"id":"`+id+`","product":"p","maxBorrowSeconds":60,`+terms+`}`).status)
	}
	change := func(id, what, body string) {
		require.Equal(t, 200, api.call(t, "POST", "/v1/licenses/"+id+what, admin, body).status)
	}
	both := func(id, token string) {
		for _, operation := range []string{opAcquire, opBorrow} {
			p.about(id, "").ask(t, operation, token, "", good(operation))
		}
	}
	beat := func(token, lease string) { p.about("", lease).ask(t, opHeartbeat, token, "", "") }
	over := time.Now().Add(-time.Minute).UTC().Format(time.RFC3339)
	for id, end := range map[string][2]string{"suspended": {"/suspend"}, "revoked": {"/revoke"}, "past": {"/update", `{"expiresAt":"` + over + `"}`}} {
		create(id, `"seats":2`)
		lease := api.acquire(t, id, ada, "held").text("leaseId")
		change(id, end[0], end[1])
		both(id, ada)
		beat(ada, lease)
	}
	for id, terms := range map[string]string{
		"full": `"seats":1`, "each": `"seats":3,"userSeats":1`, "kept": `"seats":2,"reservations":[{"group":"devs","seats":1}]`,
	} {
		create(id, terms)
		require.Equal(t, 201, api.acquire(t, id, ada, "held").status)
		both(id, ada)
	}
	create("taken", `"seats":1,"whenFull":"take"`)
	taken := api.acquire(t, "taken", ada, "held").text("leaseId")
	require.Equal(t, 201, api.acquire(t, "taken", bob, "desk").status)
	beat(ada, taken)
	create("short-of", `"seats":1`)
	expired := api.acquire(t, "short-of", ada, "held").text("leaseId")
	w.expire(t, "short-of", expired)
	require.Equal(t, 201, api.acquire(t, "short-of", bob, "desk").status)
	beat(ada, expired)

	create("owned", `"seats":2`)
	owned := api.acquire(t, "owned", bob, "device").text("leaseId")
	both("owned", ada)
	_, secret := api.credential(t, admin, "elsewhere")
	for _, token := range []string{ada, secret} {
		for _, operation := range []string{opHeartbeat, opRelease} {
			p.about("", owned).ask(t, operation, token, "", "")
		}
	}
	both("owned", secret)
	p.about("owned", "").ask(t, "GET /v1/licenses/{license_id}", secret, "", "")
	create("unlent", `"seats":2`)
	change("unlent", "/update", `{"maxBorrowSeconds":0}`)
	both("unlent", ada)
	for _, operation := range []string{opHeartbeat, opRelease, opForce} {
		p.about("", app.NewLeaseID("demo")).ask(t, operation, admin, "", "")
	}
	require.Equal(t, 204, api.release(t, bob, owned).status)
	beat(bob, owned)
}

// catalog provokes what the names of licences and credentials may.
func (p *provoked) catalog(t *testing.T, admin string) {
	t.Helper()
	for _, operation := range []string{"GET /v1/licenses/{license_id}", "GET /v1/licenses/{license_id}/leases", "GET /v1/licenses/{license_id}/usage", opAcquire, opBorrow} {
		p.about("none", "").ask(t, operation, admin, "", good(operation))
	}
	p.ask(t, "GET /v1/denials", admin, "?license=NONE", "")
	for _, operation := range []string{"update", "suspend", "reinstate", "revoke"} {
		for _, id := range []string{"none", "revoked"} {
			p.about(id, "").ask(t, "POST /v1/licenses/{license_id}/"+operation, admin, "", good("POST /v1/licenses/{license_id}/"+operation))
		}
	}
	p.ask(t, "POST /v1/licenses", admin, "", `{"id":"demo","product":"p","seats":1}`)
	p.ask(t, "POST /v1/licenses/{license_id}/update", admin, "", `{"revision":12345}`)
	p.w.postgres.Admin(t, fmt.Sprintf(`INSERT INTO licensing.license (tenant_id, id, product, seats, lease_seconds, heartbeat_seconds)
		SELECT '%s', 'many-' || n, 'p', 1, 300, 100 FROM generate_series(1, %d) n`, mine, app.MaxLicenses))
	p.ask(t, "POST /v1/licenses", admin, "", `{"id":"one-more","product":"p","seats":1}`)
	const credentials = "POST /v1/credentials"
	nobodys := strings.Repeat("a", 26)
	p.ask(t, credentials, admin, "", `{"name":"x","licenses":["none"]}`)
	p.ask(t, credentials, admin, "", `{"name":"x","licenses":["demo"],"replaces":"`+nobodys+`"}`)
	p.ask(t, credentials, admin, "", `{"name":"elsewhere","licenses":["demo"]}`)
	p.w.postgres.Admin(t, fmt.Sprintf(`INSERT INTO licensing.credential (tenant_id, id, name, digest, licenses)
		SELECT '%s', 'id-' || n, 'name-' || n, sha256(n::text::bytea), '{demo}' FROM generate_series(1, %d) n`, mine, app.MaxCredentials))
	p.ask(t, credentials, admin, "", `{"name":"x","licenses":["demo"]}`)
	none := *p
	none.credential = nobodys
	none.ask(t, "POST /v1/credentials/{credential_id}/revoke", admin, "", "")
}

// TestEveryDocumentedCodeCanBeGot provokes each code of each operation. What an answer is that the
// document does not have, every test of this package finds out.
func TestEveryDocumentedCodeCanBeGot(t *testing.T) {
	t.Parallel()
	w := newFixtureAlone(t)
	api := w.serve(t, map[string]string{"TENANT_CONCURRENCY": "1"})
	p := &provoked{w: w, api: api, got: &sync.Map{}, license: "demo"}
	admin, ada := w.admin(t), w.google.Mint(t, apptest.Claims(mine, "ada"))
	p.lease = api.acquire(t, "demo", ada, "held").text("leaseId")
	p.credential, _ = api.credential(t, admin, "ci")
	documented := map[string][]string{}
	for operation, answers := range api.contract.answers {
		if !strings.Contains(operation, " /v1/") {
			continue
		}
		for status, description := range answers {
			if _, codes, found := strings.Cut(description, ": "); found && status != "502" {
				codes, _, _ = strings.Cut(codes, "; ")
				documented[operation] = append(documented[operation], strings.Split(codes, ", ")...)
			}
		}
	}
	require.NotEmpty(t, documented)
	for operation, codes := range documented {
		p.everywhere(t, operation, admin, ada)
		if slices.Contains(codes, string(app.CodeIdempotencyBusy)) {
			p.keyed(t, operation, admin)
		}
	}
	p.seats(t, admin, ada)
	p.catalog(t, admin)
	p.suspended(t, documented)
	p.busy(t, documented, admin, ada)
	w.redis.Kill(t)
	w.postgres.Stop(t)
	for operation := range documented {
		p.ask(t, operation, admin, "", good(operation))
	}
	w.redis.Start(t)
	w.postgres.Start(t)

	exempt := map[string]string{
		opAcquire + " lease_ended": "16 other requests take the device's lease away, one after the other", opBorrow + " lease_ended": "as of acquire",
		opHeartbeat + " too_many_requests": "a heartbeat waits for nothing that a test can hold", opRelease + " too_many_requests": "as a heartbeat", opForce + " too_many_requests": "as a heartbeat",
	}
	for operation, codes := range documented {
		for _, code := range codes {
			name := operation + " " + code
			if code != string(app.CodeInternal) && exempt[name] == "" {
				_, got := p.got.Load(name)
				assert.True(t, got, "%s is documented, and nobody can get it", name)
			}
		}
	}
}

// suspended asks for everything of a tenant that is suspended.
func (p *provoked) suspended(t *testing.T, documented map[string][]string) {
	t.Helper()
	claims := apptest.Claims(theirs, "root")
	claims["role"] = "admin"
	token := p.w.google.Mint(t, claims)
	other := p.about("demo", p.api.acquire(t, "demo", token, "held").text("leaseId"))
	other.credential, _ = p.api.credential(t, token, "ci")
	p.w.suspend(t)
	require.NoError(t, p.w.service(t).Reap(t.Context()))
	// What ends the lease comes last.
	operations := []string{opHeartbeat}
	for operation := range documented {
		operations = append(operations, operation)
	}
	for _, operation := range operations {
		other.ask(t, operation, token, "", good(operation))
	}
}

// busy asks while another request of the tenant is under way.
func (p *provoked) busy(t *testing.T, documented map[string][]string, admin, ada string) {
	t.Helper()
	release := p.w.google.Hold()
	begun := make(chan reply, 1)
	go func() {
		r, _ := p.api.try("POST", "/v1/licenses/big/acquire", ada, `{"fingerprint":"slow"}`)
		begun <- r
	}()
	p.w.held(t, 1)
	var group sync.WaitGroup
	for operation := range documented {
		group.Go(func() { p.ask(t, operation, admin, "", good(operation)) })
	}
	group.Wait()
	release()
	require.Equal(t, 201, await.Receive(t, begun).status)
}
