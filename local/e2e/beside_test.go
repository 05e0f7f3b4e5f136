package e2e_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/emulator/cloudide"
)

// touched is a row of docs/neighbours.md, and what of a fingerprint it is about.
type touched struct {
	row   string
	facts *regexp.Regexp
}

// touches are the rows that a fingerprint shows; the others are about what is new in
// the project or the network, and about logs.
func touches() []touched {
	const annotations = `networking\.gke\.io/(managed-certificates|v1beta1\.FrontendConfig)|kubernetes\.io/ingress\.allow-http|pulumi\.com/patch\w+`
	return []touched{
		{"The shared Ingress", regexp.MustCompile(`^` + ingressKey + ` (\.metadata \.annotations \.(` + annotations + `)$|\.spec \.rules \[licenses\.coditect\.ai\] |\.metadata \.(generation|resourceVersion)$|` +
			`owned by license-platform: (metadata annotations (` + annotations + `|\.)|spec (rules|\.))$|` +
			`owned by kubectl-\S+: (metadata annotations (` + annotations + `)|spec rules)$)` +
			`|^client TLS to the name , certificate$`)},
		{"The TLS of all hosts of the shared address", regexp.MustCompile(`^client TLS 1\.[01]$`)},
		{"The network's connection to Google's managed services", regexp.MustCompile(`^Connection .* \.reservedPeeringRanges \[` + cloudide.Network + `-license-services\]$|^Connection .* \.(project|deletionPolicy|updateOnCreationFail)$`)},
		{"The project's audit configuration of these APIs", regexp.MustCompile(`^IAMAuditConfig secretmanager\.googleapis\.com \.auditLogConfigs \[DATA_WRITE\]`)},
	}
}

// unlisted are the differences that no row of the document lists; rows are those that
// list one.
func unlisted(t *testing.T, differences []string) (unlisted []string, rows map[string]bool) {
	t.Helper()
	document, err := os.ReadFile(filepath.Join("..", "..", "docs", "neighbours.md"))
	require.NoError(t, err)
	rows = map[string]bool{}
	for _, difference := range differences {
		listed := false
		for _, each := range touches() {
			require.Contains(t, string(document), "\n| "+each.row+" |", "the document has the row")
			if each.facts.MatchString(difference) {
				listed, rows[each.row] = true, true
			}
		}
		if !listed {
			unlisted = append(unlisted, difference)
		}
	}
	return unlisted, rows
}

// TestBesideTheIDENothingChangesButWhatTheDocumentLists goes through a stack's life
// and takes the IDE's fingerprint after each step.
func TestBesideTheIDENothingChangesButWhatTheDocumentLists(t *testing.T) {
	if testing.Short() {
		t.Skip("goes through the life of a whole stack; make drills runs it")
	}
	m := newMachine(t)
	t.Cleanup(func() { m.command(t, "down") })
	m.must(t, "refresh") // of nothing: it starts the cloud with the IDE in it
	m.trust(t)
	n := newNeighbourhood(t, m)
	before := n.take(t)
	assert.Empty(t, n.take(t).differs(before), "what is not touched has one fingerprint")
	isTheIDEsWorld(t, before)

	const ingress, tls, connection, audit = "The shared Ingress", "The TLS of all hosts of the shared address",
		"The network's connection to Google's managed services", "The project's audit configuration of these APIs"
	for _, step := range []struct {
		name string
		run  []string
		rows []string
		// sees is a fact that changes although no row lists it: the fingerprint is awake.
		sees string
	}{
		{"the first up", []string{"up"}, []string{ingress, tls, connection, audit}, ""},
		{"an update", []string{"up", "--config", "armor.rateLimit.count=50", "--config", "api.shutdownSeconds=11"}, []string{ingress, tls, connection, audit}, ""},
		{
			"a careless choice",
			[]string{"up", "--config", "network.privateZonesForAll=true"},
			[]string{ingress, tls, connection, audit},
			"pod " + cloudide.API + " asks the name storage.googleapis.com.",
		},
		{"a lockdown", []string{"up", "--config", "platform.lockdown=true"}, []string{ingress, tls, connection, audit}, ""},
		{"the Ingress is given back", []string{"up", "--config", "kubernetes.ingress.giveBack=true"}, []string{ingress, connection, audit}, ""},
		{"the stack is destroyed", []string{"down", "--stack-only"}, []string{ingress, connection, audit}, ""},
	} {
		if !t.Run(step.name, func(t *testing.T) {
			m.must(t, step.run...)
			left, rows := unlisted(t, n.take(t).differs(before))
			if _, known := before[step.sees]; known {
				assert.Contains(t, left, step.sees)
			} else if step.sees == "" {
				assert.Empty(t, left, "nothing changed that the document does not list")
			}
			for _, row := range step.rows {
				assert.True(t, rows[row], "the document says of %s what is not so", row)
			}
			assert.Len(t, rows, len(step.rows))
		}) {
			t.Fatalf("the story ends at: %s", step.name)
		}
	}
	after := n.take(t)
	for fact := range after {
		assert.NotContains(t, fact, ingressKey+" .spec .rules [licenses.coditect.ai]", "what was given back has nothing of the platform's")
	}
}

// isTheIDEsWorld makes sure that the fingerprint sees what could be lost.
func isTheIDEsWorld(t *testing.T, f fingerprint) {
	t.Helper()
	for _, fact := range []string{
		ingressKey + " .spec .rules [docs.coditect.ai] .http .paths [/] .backend .service .name",
		ingressKey + " .metadata .annotations .kubectl.kubernetes.io/last-applied-configuration",
		ingressKey + " owned by kubectl-client-side-apply: spec rules",
		"IAMAuditConfig secretmanager.googleapis.com .auditLogConfigs [DATA_READ] .exemptedMembers [" + cloudide.Pipeline + "]",
		"ManagedCertificate " + cloudide.Certificate + " .spec .domains [coditect.ai]",
		"DatabaseInstance " + cloudide.Database + " .privateIpAddress",
		"client GET docs.coditect.ai/",
	} {
		assert.Contains(t, f, fact)
	}
	assert.Equal(t, "still there? <nil>", f["client WebSocket"])
	assert.Equal(t, f["client TLS 1.3"], f["client TLS 1.0"], "the IDE serves TLS 1.0 by itself")
	if asked, known := f["pod "+cloudide.API+" asks its database"]; known {
		assert.Contains(t, asked, `answer "S"`, "its database speaks TLS")
		assert.Contains(t, f["pod "+cloudide.Frontend+" asks the API"], "200 OK")
	}
}
