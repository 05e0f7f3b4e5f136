package lifetime_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// breaker breaks the first creation of each type.
type breaker struct {
	fate provider.Break

	mu     sync.Mutex
	broken map[string]bool // by type
}

func (b *breaker) ask(urn string) provider.Break {
	typ := strings.Split(urn, "::")[2]
	typ = typ[strings.LastIndex(typ, "$")+1:]
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken[typ] {
		return provider.Whole
	}
	b.broken[typ] = true
	return b.fate
}

// importing is the command that the program prints, and words are those of a shell.
var (
	importing = regexp.MustCompile(`(?m)^\s*pulumi (import .*)$`)
	words     = regexp.MustCompile(`'[^']*'|\S+`)
)

// heal runs the commands that an update's error names, and says how many there were.
func (w *fixture) heal(t *testing.T, problem error) int {
	t.Helper()
	found := importing.FindAllStringSubmatch(problem.Error(), -1)
	for _, command := range found {
		var arguments []string
		for _, word := range words.FindAllString(command[1], -1) {
			arguments = append(arguments, strings.Trim(word, "'"))
		}
		output, err := w.open(t).Command(t.Context(), arguments...)
		require.NoError(t, err, "%s\n%s", command[0], output)
	}
	return len(found)
}

// untilItGetsThrough updates the stack again and again, doing in between what its errors
// say, and returns how many updates failed and how many commands were needed.
func (w *fixture) untilItGetsThrough(t *testing.T) (failed, commands int) {
	t.Helper()
	const most = 120 // there are not that many types
	for range most {
		_, err := w.up(t)
		if err == nil {
			return failed, commands
		}
		t.Log(err)
		failed++
		healed := w.heal(t, err)
		commands += healed
	}
	t.Fatal("the update never gets through")
	return failed, commands
}

// leftOver are the types of what exists and no state knows, but for what was there before.
func (w *fixture) leftOver(t *testing.T, before []store.Resource) []string {
	t.Helper()
	state, err := w.open(t).Command(t.Context(), "stack", "export", "--stack", w.name)
	require.NoError(t, err)
	left := map[string]bool{}
	for _, r := range w.cloud.Store.List() {
		was := slices.ContainsFunc(before, func(b store.Resource) bool { return b.Type == r.Type && b.ID == r.ID })
		if !was && !strings.Contains(state, `"id": "`+r.ID+`"`) {
			left[r.Type] = true
		}
	}
	return slices.Sorted(maps.Keys(left))
}

// madeTwice are the types of which Google makes a second one when the answer to the first
// creation is lost; docs/operations.md tells where to find it.
func madeTwice() []string {
	return []string{
		"gcp:identityplatform/tenant:Tenant", "gcp:kms/cryptoKeyVersion:CryptoKeyVersion", "gcp:monitoring/alertPolicy:AlertPolicy",
		"gcp:monitoring/dashboard:Dashboard", "gcp:monitoring/notificationChannel:NotificationChannel",
		"gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig", "gcp:secretmanager/secretVersion:SecretVersion",
	}
}

// TestDrillOfCreationsWhoseAnswerIsLost lets the connection break after the first creation of
// each type, as a proxy or a runner without network does.
func TestDrillOfCreationsWhoseAnswerIsLost(t *testing.T) {
	if testing.Short() {
		t.Skip("goes through the lives of two stacks; make drills runs it")
	}
	for _, name := range []string{"dev", "prod"} {
		t.Run(name, func(t *testing.T) {
			withLanguage(t)
			w := newFixture(t, name)
			before := w.cloud.Store.List()
			b := &breaker{fate: provider.AnswerLost, broken: map[string]bool{}}
			w.servers["gcp"].Breaking(b.ask, true)
			w.servers["kubernetes"].Breaking(b.ask, false)
			failed, commands := w.untilItGetsThrough(t)
			assert.GreaterOrEqual(t, commands, failed, "each failed update names the command that heals it")
			assert.Greater(t, len(b.broken), 40, "types")
			assert.ElementsMatch(t, madeTwice(), w.leftOver(t, before))
			changes, err := w.up(t)
			require.NoError(t, err)
			assert.Empty(t, changes, "nothing is left to do")
		})
	}
}

// TestDrillOfCreationsThatFailOnce lets Google fail the first creation of each type.
func TestDrillOfCreationsThatFailOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("goes through the lives of two stacks; make drills runs it")
	}
	for _, name := range []string{"dev", "prod"} {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t, name)
			before := w.cloud.Store.List()
			b := &breaker{fate: provider.Failed, broken: map[string]bool{}}
			for _, server := range w.servers {
				server.Breaking(b.ask, true)
			}
			failed, commands := w.untilItGetsThrough(t)
			assert.Positive(t, failed)
			assert.Zero(t, commands, "the next update is enough")
			assert.Empty(t, w.leftOver(t, before))
			changes, err := w.up(t)
			require.NoError(t, err)
			assert.Empty(t, changes)
		})
	}
}
