package e2e_test

import (
	"net/http"
	"strings"
)

// example is one call as a client sends it.
type example struct {
	// operation is the id in the OpenAPI document.
	operation string
	// license and lease (or credential) fill the path; lease names what an earlier example kept.
	license, lease string
	// service sends the service credential that was made last, in place of a person's token.
	service     bool
	query, body string
	admin       bool
	headers     http.Header
	// keep is the name under which the answer's lease is kept.
	keep   string
	status int
}

// metadata is what administrators write about a licence: prose, quotes, addresses.
const metadata = `{
	"customer": "O'Brien & Sons, Ltd. (Zürich)",
	"contact": "ada.lovelace+licences@example.co.uk",
	"contract": "https://crm.example.com/accounts/4711?tab=licences&year=2026#terms",
	"note": "Ada said: \"renew it before 2027-01-31\"; price is < 10 EUR per seat & month",
	"support": "mailto:support@example.com?subject=Seats%20for%20demo",
	"path": "C:\\Users\\ada\\licences",
	"sla": "99.9 % -- see annex #3",
	"tags": "gold;priority,eu-west"
}`

// fingerprints are the forms in which devices are named.
func fingerprints() []string {
	return []string{
		"device-7f3a",
		"urn:uuid:0b6f2f3e-7a57-4a53-9d0c-6d2f1f0f7a11",
		"mac=3c:07:54:5e:aa:01",
		"Adas-MacBook-Pro.local",
		"O'Briens-PC",
		"sha256:" + strings.Repeat("9f86d081884c7d65", 4),
		"U0hBMjU2OiBkZXZpY2UgZmluZ2VycHJpbnQ+Lz8=",
		"{4D36E972-E325-11CE-BFC1-08002BE10318}",
		"CORP\\ada-laptop$",
		"ada@build-07.example.com",
	}
}

// examples is every documented call, in an order in which each succeeds.
func examples() []example {
	key := func(k string) http.Header { return http.Header{"Idempotency-Key": {k}} }
	all := []example{
		{operation: "health", status: 200},
		{operation: "ready", status: 200},
		{operation: "keys", status: 200},
		{operation: "openapi", status: 200},
		{operation: "create-license", admin: true, status: 201, headers: key("3f0d2c1a-8d5b-4a6e-9b1f-000000000001"), body: `{"id":"team","product":"coditect-ide","seats":50,
			"leaseSeconds":300,"heartbeatSeconds":100,"maxBorrowSeconds":604800,"overage":1.2,"expiresAt":"2099-12-31T23:59:59+01:00","metadata":` + metadata + `}`},
		{operation: "create-license", admin: true, status: 201, body: `{"id":"small","product":"Coditect IDE (Team & Enterprise)","seats":1}`},
		{operation: "update-license", license: "team", admin: true, status: 200, headers: key("update of team, 2026-11-23 #2"), body: `{"seats":60,"metadata":` + metadata + `}`},
		{operation: "update-license", license: "team", admin: true, status: 200, body: `{"expiresAt":"0001-01-01T00:00:00Z","overage":1}`},
		{operation: "list-licenses", admin: true, status: 200},
		{operation: "list-licenses", query: "limit=1&cursor=small", admin: true, status: 200},
		{operation: "acquire", license: "team", status: 201, keep: "nameless"},
		{operation: "acquire", license: "team", status: 201, body: `{"fingerprint":"keyed"}`, headers: key("acquire:team:keyed:1"), keep: "keyed"},
		{operation: "acquire", license: "team", status: 201, body: `{"fingerprint":"keyed"}`, headers: key("acquire:team:keyed:1")},
		{operation: "acquire", license: "team", status: 200, body: `{"fingerprint":"keyed"}`, headers: key("eyJhIjoxfQ==")},
	}
	for _, fingerprint := range fingerprints() {
		body := `{"fingerprint":"` + strings.ReplaceAll(fingerprint, `\`, `\\`) + `"}`
		all = append(all, example{operation: "acquire", license: "team", status: 201, body: body, keep: "device"})
	}
	return append(all, []example{
		{operation: "borrow", license: "team", status: 201, body: `{"fingerprint":"laptop-1","durationSeconds":86400}`, headers: key("3f0d2c1a-8d5b-4a6e-9b1f-000000000002"), keep: "borrowed"},
		{operation: "borrow", license: "team", status: 200, body: `{"fingerprint":"laptop-1","durationSeconds":604800}`},
		{operation: "heartbeat", lease: "device", status: 200},
		{operation: "heartbeat", lease: "keyed", status: 200, headers: key("beat-17")},
		{operation: "get-license", license: "team", status: 200},
		{operation: "get-license", license: "team", admin: true, status: 200},
		{operation: "list-leases", license: "team", admin: true, status: 200},
		{operation: "list-leases", license: "team", query: "limit=5&cursor=team_" + strings.Repeat("a", 26), admin: true, status: 200},
		{operation: "release", lease: "keyed", status: 204},
		{operation: "release", lease: "borrowed", status: 204, headers: key("release-1")},
		{operation: "force-release", lease: "nameless", admin: true, status: 204, headers: key("take nameless away")},
		{operation: "create-credential", admin: true, status: 201, body: `{"name":"Build servers 2.0 - eu-west_1","licenses":["team","small"],"expiresAt":"2099-12-31T23:59:59+01:00"}`, keep: "credential"},
		{operation: "acquire", license: "team", service: true, status: 201, body: `{"fingerprint":"runner-1"}`, headers: key("run 17"), keep: "runner"},
		{operation: "heartbeat", lease: "runner", service: true, status: 200},
		{operation: "get-license", license: "team", service: true, status: 200},
		{operation: "release", lease: "runner", service: true, status: 204},
		{operation: "list-credentials", query: "limit=5&cursor=" + strings.Repeat("a", 26), admin: true, status: 200},
		{operation: "revoke-credential", lease: "credential", admin: true, status: 200, headers: key("away with it")},
		{operation: "list-audit", admin: true, status: 200},
		{operation: "list-audit", query: "limit=200&cursor=5", admin: true, status: 200},
		{operation: "report-usage", license: "team", admin: true, status: 200},
		{operation: "report-usage", license: "team", query: "from=2026-11-01T00:00:00%2B01:00&to=2026-11-20T00:00:00Z&format=csv", admin: true, status: 200},
		{operation: "report-denials", admin: true, status: 200, headers: http.Header{"Accept": {"text/csv"}}},
		{operation: "report-denials", query: "license=team&limit=1000&cursor=1795449600000000:17", admin: true, status: 200},
		{operation: "export-personal-data", admin: true, status: 200, body: `{"user":"k3Wq8ZpLxYd2RtUvBn5Ms1Ha7Gc4"}`},
		{operation: "export-personal-data", admin: true, status: 200, body: `{"all":true}`, headers: key("export, all")},
		{operation: "erase-personal-data", admin: true, status: 200, body: `{"user":"k3Wq8ZpLxYd2RtUvBn5Ms1Ha7Gc4"}`, headers: key("erase Ada's data")},
		{operation: "erase-personal-data", admin: true, status: 200, body: `{"all":true}`},
		{operation: "suspend-license", license: "team", admin: true, status: 200, headers: key("s1")},
		{operation: "reinstate-license", license: "team", admin: true, status: 200, headers: key("r1")},
		{operation: "revoke-license", license: "small", admin: true, status: 200, headers: key("v1")},
	}...)
}
