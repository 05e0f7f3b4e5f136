package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestDrillNothingHangsAndNothingLies does to a running stack what somebody does once
// by mistake. It takes ten minutes, so `make drills` runs it.
func TestDrillNothingHangsAndNothingLies(t *testing.T) {
	if testing.Short() {
		t.Skip("make drills runs it")
	}
	m := newMachine(t)
	t.Cleanup(func() { m.command(t, "down") })
	m.must(t, "up")
	m.connect(t)
	for _, step := range []struct {
		name string
		run  func(*testing.T, *machine)
	}{
		{"a lockdown is told as long as it lasts, and called so for ever", aLockdownIsTold},
		{"a NetworkPolicy without a rule is named, and the update fails", aMissingRuleIsTold},
		{"a grant without which an account cannot do its work is named, and the update fails", aMissingGrantIsTold},
		{"what is suspended on purpose is told, and is no fault", aSuspensionIsTold},
		{"what only a preview refuses is refused before anything is touched", whatOnlyAPreviewRefusesIsNotBegun},
		{"every wrong setting is previewed or refused", wrongSettingsArePreviewed},
		{"commands end when they are interrupted, and the next one carries on", interruptedCommandsEnd},
		{"a wrong update ends, and a right one heals", wrongUpdatesAreHealed},
		{"what Google keeps is said to be taken, and the new one serves", whatGoogleKeepsIsTaken},
	} {
		t.Run(step.name, func(t *testing.T) { step.run(t, m) })
	}
	m.connect(t)
	m.must(t, "attack")
}

func (m *machine) servesHealth(t *testing.T) bool {
	t.Helper()
	return m.send(t, request{method: http.MethodGet, host: m.endpoints.Hosts["licenses"], path: "/health"}).status == http.StatusOK
}

func aLockdownIsTold(t *testing.T, m *machine) {
	m.must(t, "up", "--config", "platform.lockdown=true")
	assert.False(t, m.servesHealth(t))
	assert.Contains(t, m.must(t, "status"), "notice: locked down: ")
	m.must(t, "up")
	assert.True(t, m.servesHealth(t))
	assert.NotContains(t, m.must(t, "status"), "locked down")
	assert.Contains(t, m.history(t), `"rule":"lockdown (100)"`, "the history keeps the name of what decided")
}

// history is what the daemon tells about the latest requests, as JSON.
func (m *machine) history(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(m.directory, "daemon.json"))
	require.NoError(t, err)
	var daemon struct{ Control, Token string }
	require.NoError(t, json.Unmarshal(content, &daemon))
	asked, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+daemon.Control+"/requests", http.NoBody)
	require.NoError(t, err)
	asked.Header.Set("Authorization", "Bearer "+daemon.Token)
	answer, err := http.DefaultClient.Do(asked)
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return string(text)
}

// aMissingRuleIsTold runs the program without the rule that lets the API reach Redis.
func aMissingRuleIsTold(t *testing.T, m *machine) {
	const rule, without = "tcp(pulumi.Int(a.DatabasePort)), tcp(a.RedisPort)", "tcp(pulumi.Int(a.DatabasePort))"
	careless := m.careless(t, "k8s/isolation/rules.go", rule, without)

	said, code := careless.command(t, "up")
	assert.Equal(t, 1, code, "it is not well")
	assert.Regexp(t, `problem: .*license-api.*The missing rule`, said, "the pod and the policy")
	said, code = careless.command(t, "status")
	assert.Equal(t, 1, code)
	assert.Regexp(t, `problem: .*license-api.*The missing rule`, said)
	m.must(t, "up")
	m.connect(t)
	assert.True(t, m.servesHealth(t))
}

// careless is the same stack by a program in which a line is another one.
func (m *machine) careless(t *testing.T, file, line, other string) *machine {
	t.Helper()
	source, err := filepath.Abs(filepath.Join("../..", file))
	require.NoError(t, err)
	content, err := os.ReadFile(source)
	require.NoError(t, err)
	require.Contains(t, string(content), line)
	careless := *m
	careless.binary = filepath.Join(t.TempDir(), "local")
	changed, overlay := filepath.Join(t.TempDir(), "changed.go"), filepath.Join(t.TempDir(), "overlay.json")
	require.NoError(t, os.WriteFile(changed, []byte(strings.Replace(string(content), line, other, 1)), 0o600))
	require.NoError(t, os.WriteFile(overlay, fmt.Appendf(nil, `{"Replace": {%q: %q}}`, source, changed), 0o600))
	output, err := exec.CommandContext(t.Context(), "go", "build", "-overlay", overlay, "-ldflags=-s -w", "-o", careless.binary, "github.com/coditect-ai/license-platform/local").CombinedOutput()
	require.NoError(t, err, string(output))
	return &careless
}

// aMissingGrantIsTold runs the program without the API's right to sign, and with the
// right of the wrong account to read the migration's password.
func aMissingGrantIsTold(t *testing.T, m *machine) {
	for _, c := range []struct{ line, other, account, permission string }{
		{`if !args.Settings.SigningSuspended {`, `if false {`, "license-api@", "cloudkms.cryptoKeyVersions.useToSign"},
		{`"roles/secretmanager.secretAccessor", args.MigrationEmail`, `"roles/secretmanager.secretAccessor", args.APIEmail`, "license-migrate@", "secretmanager.versions.access"},
	} {
		careless := m.careless(t, "identity/grants.go", c.line, c.other)
		for _, command := range []string{"up", "status"} {
			said, code := careless.command(t, command)
			assert.Equal(t, 1, code, "%s says that it is not well: %s", command, said)
			assert.Regexp(t, `problem: no grant: serviceAccount:`+c.account+`.* has no permission `+regexp.QuoteMeta(c.permission)+` on projects/`, said)
		}
		m.must(t, "up")
		assert.NotContains(t, m.must(t, "status"), "no grant")
	}
	m.connect(t)
	assert.True(t, m.servesHealth(t))
}

func aSuspensionIsTold(t *testing.T, m *machine) {
	m.must(t, "up", "--config", "identity.signingSuspended=true")
	said := m.must(t, "status")
	assert.Contains(t, said, "notice: signing is suspended")
	assert.NotContains(t, said, "no grant")
	m.must(t, "up")
	assert.NotContains(t, m.must(t, "status"), "suspended")
}

// whatOnlyAPreviewRefusesIsNotBegun tries updates that would replace something before
// they meet what refuses them, on a stack that a preview has never seen with the Ingress's
// hook.
func whatOnlyAPreviewRefusesIsNotBegun(t *testing.T, m *machine) {
	m.must(t, "up", "--skip-preview", "--config", "armor.rateLimit.count=90")
	before := m.declared(t)
	for setting, says := range map[string]string{
		"kubernetes.ingress.name=another-ingress": "kubernetes.ingress.name",
		"kubernetes.namespace.name=another":       "kubernetes.namespace.name",
		"kubernetes.ingress.adopt=false":          "kubernetes.ingress.giveBack: true",
	} {
		output, code := m.ended(t, "up", "--config", setting)
		assert.Equal(t, 1, code, setting)
		assert.Contains(t, output, says)
		assert.Contains(t, output, "nothing was changed", setting)
		assert.NotContains(t, output, "was not registered", setting)
		assert.Equal(t, before, m.declared(t), setting)
	}
	output, code := m.ended(t, "up", "--skip-preview", "--config", "kubernetes.ingress.adopt=false", "--config", "kubernetes.ingress.name=own-ingress")
	assert.Equal(t, 1, code, "without a preview the update itself refuses to leave the Ingress")
	assert.Contains(t, output, "kubernetes.ingress.giveBack: true")
	output, code = m.command(t, "status")
	assert.Equal(t, 1, code)
	assert.Contains(t, output, "kubernetes.ingress.adopt=false", "it names what has not come to its end")
	m.must(t, "up")
	assert.NotContains(t, m.must(t, "status"), "failed or was interrupted")
}

// wrong is a setting that replaces or moves something, and the types of what.
type wrong struct{ setting, types string }

// wrongSettings reads the list that is computed from the program and its providers.
func wrongSettings(t *testing.T) (all []wrong) {
	t.Helper()
	content, err := os.ReadFile("testdata/replacing.txt")
	require.NoError(t, err)
	for line := range strings.Lines(string(content)) {
		setting, types, found := strings.Cut(strings.TrimSpace(line), " ")
		require.True(t, found, line)
		all = append(all, wrong{setting, types})
	}
	require.NotEmpty(t, all)
	return all
}

// Each command has much more time than it needs, also on a busy machine: a command
// that hangs is found, a slow one is not blamed.
const hangs = 3 * time.Minute

// ended runs a command with a wrong setting, which ends in time and, when it fails,
// with an error that is nobody's defect.
func (m *machine) ended(t *testing.T, arguments ...string) (output string, code int) {
	t.Helper()
	began := time.Now()
	output, code = m.command(t, arguments...)
	assert.Less(t, time.Since(began), hangs, arguments)
	if code != 0 {
		assert.Contains(t, output, "error: ", arguments)
	}
	assert.NotContains(t, output, "defect of the embedded cloud", arguments)
	assert.NotContains(t, output, "04da6b54-80e4-46f7-96ec-b56ff0331ba9", "%v: the engine's mark for what is not known yet", arguments)
	return output, code
}

func wrongSettingsArePreviewed(t *testing.T, m *machine) {
	for _, w := range wrongSettings(t) {
		output, code := m.ended(t, "preview", "--config", w.setting)
		if code == 0 {
			assert.Regexp(t, `\d+ to (create|update|replace|delete)`, output, w.setting)
			continue
		}
		key, value, _ := strings.Cut(w.setting, "=")
		named := strings.Contains(output, key) || strings.Contains(output, strings.Trim(value, `"`))
		assert.True(t, named, "%s: the refusal names neither the setting nor what was written:\n%s", w.setting, output)
	}
	assert.Contains(t, m.must(t, "preview"), "0 changes", "a preview changes nothing")
}

// refusal is how an update begins that touches nothing.
const refusal = "nothing was changed"

// wrongUpdatesAreHealed brings wrong settings up, until each type that any of them
// replaces was replaced, and heals after each.
func wrongUpdatesAreHealed(t *testing.T, m *machine) {
	replaced := map[string]bool{}
	for _, w := range wrongSettings(t) {
		types := strings.Split(w.types, ",")
		if keptByGoogle(types) != "" || !slices.ContainsFunc(types, func(typ string) bool { return !replaced[typ] }) {
			continue
		}
		t.Run(w.setting, func(t *testing.T) {
			output, code := m.ended(t, "up", "--config", w.setting)
			for _, typ := range types {
				replaced[typ] = replaced[typ] || !strings.Contains(output, refusal) || typ == "refused"
			}
			if strings.Contains(output, refusal) {
				assert.Equal(t, 1, code)
				assert.Contains(t, m.must(t, "preview"), "0 changes", "nothing was touched")
				return
			}
			output, code = m.command(t, "up")
			require.Zero(t, code, "the right settings heal: %s", output)
			m.connect(t)
			assert.True(t, m.servesHealth(t))
		})
	}
}

// keptByGoogle is what an update back says when a setting gives something up that Google keeps:
// for ever, or a log bucket's name for seven days (docs/destroy.md). It is empty for all other
// settings.
func keptByGoogle(types []string) string {
	// The first that fits: a preview looks for the ring before anything asks for a key.
	for _, kept := range []struct{ typ, says string }{
		{"gcp:kms/keyRing:KeyRing", "exists already"},
		{"gcp:kms/cryptoKey:CryptoKey", "already exists"},
		{"gcp:identityplatform/config:Config", "Identity Platform is on in this project already"},
		{"gcp:logging/projectBucketConfig:ProjectBucketConfig", "was deleted within the last seven days"},
	} {
		if slices.Contains(types, kept.typ) {
			return kept.says
		}
	}
	return ""
}

// staysAsMade are the settings of keys of which a preview refuses another value.
func staysAsMade(setting string) bool {
	key, _, _ := strings.Cut(setting, "=")
	return slices.Contains([]string{"data.keys.protection", "data.keys.destroySeconds", "data.signing.protection"}, key)
}

// whatGoogleKeepsIsTaken gives up what Google keeps. It is the last step, as nothing here
// leads back.
func whatGoogleKeepsIsTaken(t *testing.T, m *machine) {
	before := []string{"up"}
	for _, w := range wrongSettings(t) {
		says := keptByGoogle(strings.Split(w.types, ","))
		if says == "" || staysAsMade(w.setting) {
			continue
		}
		after := append(slices.Clone(before), "--config", w.setting)
		m.must(t, after...)
		output, code := m.command(t, before...)
		require.Equal(t, 1, code, "%s: Google has the old one still", w.setting)
		require.Contains(t, output, says)
		m.must(t, after...)
		m.connect(t)
		assert.True(t, m.servesHealth(t))
		before = after
	}
	require.Len(t, before, 9, "a ring, a key, Identity Platform and a log bucket")
}

// interruptedCommandsEnd interrupts commands at several moments of their work. That
// they take no longer than two seconds is tested with a clock, in local/command.
func interruptedCommandsEnd(t *testing.T, m *machine) {
	for _, after := range []time.Duration{500 * time.Millisecond, 2 * time.Second, 5 * time.Second} {
		for _, arguments := range [][]string{{"preview", "--config", "data.keys.ring=other"}, {"up", "--config", rollout}, {"refresh"}, {"attack"}} {
			command := exec.Command(m.binary, append(arguments, "--dir", m.directory)...)
			command.Env = append(os.Environ(), fmt.Sprintf("EDGE_PORT=%d", m.edgePort))
			require.NoError(t, command.Start())
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				_ = command.Wait()
			}()
			select {
			case <-ended: // before it could be interrupted
				continue
			case <-time.After(after):
			}
			require.NoError(t, command.Process.Signal(syscall.SIGINT))
			select {
			case <-ended:
			case <-time.After(time.Minute):
				_ = command.Process.Kill()
				t.Errorf("%v does not end", arguments)
			}
		}
		m.must(t, "up")
	}
	m.connect(t)
	assert.True(t, m.servesHealth(t))
}
