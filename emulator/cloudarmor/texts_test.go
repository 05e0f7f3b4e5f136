package cloudarmor_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	coreruleset "github.com/corazawaf/coraza-coreruleset/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/httpapi"
	"github.com/coditect-ai/license-platform/emulator/cloudarmor"
)

// schema is the part of a JSON schema that says which texts a field takes.
type schema struct {
	Ref        string            `json:"$ref"`
	Type       any               `json:"type"`
	Pattern    string            `json:"pattern"`
	Format     string            `json:"format"`
	Enum       []any             `json:"enum"`
	MaxLength  int               `json:"maxLength"`
	Properties map[string]schema `json:"properties"`
	Additional json.RawMessage   `json:"additionalProperties"`
	Items      *schema           `json:"items"`
}

// textField is one field of a request's body that takes text.
type textField struct {
	path string
	schema
	// with is the body whose field has the text.
	with func(text any) any
}

// textFields lists the fields of a body that take text, also within lists and objects.
func textFields(t *testing.T, known map[string]schema, path string, in schema, with func(any) any) []textField {
	t.Helper()
	if in.Ref != "" {
		in = known[strings.TrimPrefix(in.Ref, "#/components/schemas/")]
	}
	var found []textField
	for _, name := range slices.Sorted(maps.Keys(in.Properties)) {
		found = append(found, textFields(t, known, path+"."+name, in.Properties[name], func(value any) any {
			return with(map[string]any{name: value})
		})...)
	}
	var values schema
	if len(in.Additional) > 0 && json.Unmarshal(in.Additional, &values) == nil && values.Type != nil {
		found = append(found, textFields(t, known, path+".note", values, func(value any) any {
			return with(map[string]any{"note": value})
		})...)
	}
	if in.Items != nil {
		found = append(found, textFields(t, known, path+"[]", *in.Items, func(value any) any { return with([]any{value}) })...)
	}
	kind, err := json.Marshal(in.Type)
	require.NoError(t, err)
	if strings.Contains(string(kind), `"string"`) && in.Format == "" && len(in.Enum) == 0 {
		found = append(found, textField{path, in, with})
	}
	return found
}

// misjudgedNames are names that people give to devices, products, groups, features,
// licences and programs, and that signatures of the sets take for an attack.
func misjudgedNames() []string {
	return []string{
		"docker-01", "gcc-01", "python3 build server", "python3-build-server", "SSH runner 3", "nmap-host", "powershell nightly", "curl-job",
		"C:\\Program Files\\App", "/etc/hosts", "http://10.0.0.5/", "$HOSTNAME", "MySQL Workbench", "Emacs", "O'Brien's laptop",
		"Union of teams, select one from the list", "order by phone; select the Pro plan from the list", "nightly `make test`", "<script> tests",
		"Bash & Perl users", "python3.12", "select-all", "drop-table", "union-select", "a' OR 1=1 --",
		"x'; --", "python3@build.example.com", "samlp|okta-7|Милий@example.com", "CN=Bash & Perl users,OU=Groups,DC=example,DC=com",
	}
}

// inspectedOnPurpose are the fields of text that stay inspected, with the reason.
func inspectedOnPurpose() map[string]string {
	return map[string]string{
		"POST /v1/privacy/export.cursor":  "the API makes it",
		"POST /v1/credentials.licenses[]": "ids of licences, which the test below tries",
	}
}

// TestEveryTextThatTheAPITakesPassesTheEdge reads the API's own document: a field that
// takes a name has to be opaque to the sets, whatever people call their things. A
// field that is added to the API joins by itself.
func TestEveryTextThatTheAPITakesPassesTheEdge(t *testing.T) {
	t.Parallel()
	content, err := httpapi.Document()
	require.NoError(t, err)
	var document struct {
		Paths map[string]map[string]struct {
			Body *struct {
				Content map[string]struct {
					Schema schema `json:"schema"`
				} `json:"content"`
			} `json:"requestBody"`
		} `json:"paths"`
		Components struct {
			Schemas map[string]schema `json:"schemas"`
		} `json:"components"`
	}
	require.NoError(t, json.Unmarshal(content, &document))
	bench, onPurpose, tried := stand(t, unlimited()), inspectedOnPurpose(), map[string]int{}
	for path, operations := range document.Paths {
		for verb, operation := range operations {
			call := regexp.MustCompile(`\{[^}]+\}`).ReplaceAllString(path, "demo")
			for _, name := range misjudgedNames() {
				if strings.Contains(path, "{") && regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`).MatchString(name) {
					named := regexp.MustCompile(`\{[^}]+\}`).ReplaceAllString(path, url.PathEscape(name))
					assert.True(t, bench.decide(t, get(method(strings.ToUpper(verb)), at(named, ""))).Allowed(), "%s %s", verb, named)
				}
			}
			if operation.Body == nil {
				continue
			}
			for _, field := range textFields(t, document.Components.Schemas, strings.ToUpper(verb)+" "+path, operation.Body.Content["application/json"].Schema, func(value any) any { return value }) {
				if onPurpose[field.path] != "" {
					delete(onPurpose, field.path)
					continue
				}
				for _, name := range misjudgedNames() {
					if field.MaxLength > 0 && len(name) > field.MaxLength || field.Pattern != "" && !regexp.MustCompile(field.Pattern).MatchString(name) {
						continue
					}
					sent, err := json.Marshal(field.with(name))
					require.NoError(t, err)
					decision := bench.decide(t, get(at(call, ""), jsonBody(string(sent))))
					assert.True(t, decision.Allowed(), "%s with %q: rule %d, %v", field.path, name, decision.Priority(), decision.Final.Signatures)
					tried[field.path]++
				}
			}
		}
	}
	assert.Empty(t, onPurpose, "no longer a field of the API")
	for _, field := range []string{
		"POST /v1/credentials.name", "POST /v1/licenses.product", "POST /v1/licenses.features[]", "POST /v1/licenses.reservations[].group",
		"POST /v1/licenses.id", "POST /v1/privacy/export.user", "POST /v1/privacy/erase.user", "POST /v1/licenses/{license_id}/update.metadata.note", "POST /v1/licenses/{license_id}/acquire.fingerprint",
	} {
		assert.Positive(t, tried[field], "%s, of %v", field, tried)
	}
}

// TestNoIDOfALicenceIsTakenForAnAttack makes an id of every word in the rule set's own
// lists, and calls the API with it, in the path and in the body. It tries one word in twenty, with -short one in a hundred.
func TestNoIDOfALicenceIsTakenForAnAttack(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(coreruleset.FS, "@owasp_crs/*.data")
	require.NoError(t, err)
	words := map[string]bool{}
	for _, file := range files {
		content, err := fs.ReadFile(coreruleset.FS, file)
		require.NoError(t, err)
		for line := range strings.Lines(string(content)) {
			word := strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(line), "-"), "-")
			if !strings.HasPrefix(line, "#") && word != "" && len(word) < 50 {
				words[word] = true
			}
		}
	}
	require.Greater(t, len(words), 4000)
	step, senders := 20, 0
	if testing.Short() {
		step = 100
	}
	bench := stand(t, unlimited())
	for i, word := range slices.Sorted(maps.Keys(words)) {
		if i%step != 0 {
			continue
		}
		for _, id := range []string{word, word + "-01"} {
			for where, request := range map[string]cloudarmor.Request{
				"its creation":    get(at("/v1/licenses", ""), jsonBody(fmt.Sprintf(`{"id":%q}`, id))),
				"a credential":    get(at("/v1/credentials", ""), jsonBody(fmt.Sprintf(`{"licenses":["demo",%q]}`, id))),
				"an acquire":      get(at("/v1/licenses/"+id+"/acquire", ""), jsonBody(`{"fingerprint":"device-7"}`)),
				"a heartbeat":     get(method("POST"), at("/v1/leases/"+id+".0b6f2f3e-7a57-4a53-9d0c-6d2f1f0f7a11/heartbeat", "")),
				"a usage report":  get(at("/v1/licenses/"+id+"/usage", "from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z")),
				"denials' filter": get(at("/v1/denials", "license="+id)),
			} {
				senders++ // heartbeats of one address have a limit
				request.ClientIP = netip.AddrFrom4([4]byte{100, byte(senders >> 16), byte(senders >> 8), byte(senders)})
				decision := bench.decide(t, request)
				assert.True(t, decision.Allowed(), "%s with the id %s: rule %d, %v", where, id, decision.Priority(), decision.Final.Signatures)
			}
		}
	}
}
