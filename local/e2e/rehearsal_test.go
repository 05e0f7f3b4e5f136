package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/google/monitoring"
)

// playbooks are where an alert's is, by its name.
const playbooks = "../../docs/playbooks"

// rehearsal is a command that makes alerts fire, as their playbooks write it.
type rehearsal struct {
	command string
	// heals says that the playbooks end it by `heal`.
	heals  bool
	alerts []string
}

// rehearsals reads the playbooks: each says in one line how it is rehearsed.
func rehearsals(t *testing.T) (all []rehearsal, texts map[string]string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(playbooks, "*.md"))
	require.NoError(t, err)
	texts = map[string]string{}
	found := map[string]*rehearsal{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		name := strings.TrimPrefix(strings.SplitN(string(content), "\n", 2)[0], "# ")
		texts[name] = string(content)
		line := regexp.MustCompile(`(?m)^Rehearse it .*$`).FindString(string(content))
		commands := regexp.MustCompile("`bin/local ([^`]+)`").FindAllStringSubmatch(line, -1)
		require.NotEmpty(t, commands, "%s does not say how it is rehearsed", file)
		r := found[commands[0][1]]
		if r == nil {
			r = &rehearsal{command: commands[0][1], heals: len(commands) > 1 && commands[1][1] == "heal"}
			found[r.command] = r
		}
		r.alerts = append(r.alerts, name)
	}
	for _, command := range slices.Sorted(maps.Keys(found)) {
		all = append(all, *found[command])
	}
	return all, texts
}

// told are the messages in the inbox, the oldest first.
func (m *machine) told(t *testing.T) (all []monitoring.Notification) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(m.directory, "monitoring", "inbox.jsonl"))
	if os.IsNotExist(err) {
		return nil
	}
	require.NoError(t, err)
	for line := range strings.Lines(string(content)) {
		if !strings.HasSuffix(line, "\n") {
			break // it is still being written
		}
		var n monitoring.Notification
		require.NoError(t, json.Unmarshal([]byte(line), &n))
		all = append(all, n)
	}
	return all
}

// await returns the message that found finds among all, once it does.
func (m *machine) await(t *testing.T, what string, limit time.Duration, found func([]monitoring.Notification) (monitoring.Notification, bool)) monitoring.Notification {
	t.Helper()
	for deadline := time.Now().Add(limit); ; time.Sleep(50 * time.Millisecond) {
		if n, ok := found(m.told(t)); ok {
			return n
		}
		if time.Now().After(deadline) {
			output, _ := m.command(t, "alerts")
			require.Fail(t, what, "within %s:\n%s", limit, output)
		}
	}
}

// firing waits for the first message that an alert fires, since a time.
func (m *machine) firing(t *testing.T, alert string, since time.Time) monitoring.Notification {
	t.Helper()
	return m.await(t, alert+" is not told to fire", 2*time.Minute, func(all []monitoring.Notification) (monitoring.Notification, bool) {
		i := slices.IndexFunc(all, func(n monitoring.Notification) bool {
			return n.Alert == alert && n.State == monitoring.Firing && !n.Time.Before(since)
		})
		if i < 0 {
			return monitoring.Notification{}, false
		}
		return all[i], true
	})
}

// over waits until the last word on every incident of an alert is that it is over.
func (m *machine) over(t *testing.T, alert string) monitoring.Notification {
	t.Helper()
	return m.await(t, alert+" is not told to be over", 4*time.Minute, func(all []monitoring.Notification) (last monitoring.Notification, ok bool) {
		newest := map[string]string{}
		for _, n := range all {
			if n.Alert == alert {
				newest[fmt.Sprint(n.Labels)], last = n.State, n
			}
		}
		return last, !slices.Contains(slices.Collect(maps.Values(newest)), monitoring.Firing)
	})
}

// explains says that one of two playbooks names the other's alert.
func explains(texts map[string]string, one, other string) bool {
	names := func(text, alert string) bool { return strings.Contains(text, alert) }
	return names(texts[one], other) || names(texts[other], one)
}

// wasSlow says that a granted request took more than a second, as may be on a busy
// machine or by what was rehearsed before: then an alert on latency is right.
func (m *machine) wasSlow(t *testing.T, since time.Time) bool {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(m.directory, "logs", "requests.jsonl"))
	require.NoError(t, err)
	for line := range strings.Lines(string(content)) {
		var entry struct {
			Timestamp   time.Time
			HTTPRequest struct {
				Status  int
				Latency string
			}
		}
		if json.Unmarshal([]byte(line), &entry) != nil || entry.Timestamp.Before(since) || entry.HTTPRequest.Status/100 != 2 {
			continue
		}
		if took, err := time.ParseDuration(entry.HTTPRequest.Latency); err == nil && took > time.Second {
			return true
		}
	}
	return false
}

// drill acts out rehearsals one after the other.
type drill struct {
	*machine
	hurry int
	texts map[string]string
	// open are the alerts that have fired and are not over, with when they were healed.
	open map[string]time.Time
	rows []string
}

// act makes the alerts fire, sees that nobody is told of anything that their
// playbooks do not explain, and heals.
func (d *drill) act(t *testing.T, r rehearsal) {
	t.Helper()
	lingering := maps.Clone(d.open)
	began := time.Now()
	d.must(t, strings.Fields(r.command)...)
	for _, alert := range r.alerts {
		n := d.firing(t, alert, began)
		assert.Regexp(t, `docs/playbooks/[a-z-]+\.md$`, n.Playbook)
		assert.FileExists(t, filepath.Join("..", "..", n.Playbook))
		assert.Equal(t, "email security@coditect.ai", n.To)
		d.open[alert] = time.Time{}
		d.rows = append(d.rows, fmt.Sprintf("%-32s %-28s fires in %5.1f s at --hurry %d", alert, r.command, n.Time.Sub(began).Seconds(), d.hurry))
	}
	assert.Contains(t, d.must(t, "alerts"), r.alerts[0])
	for _, n := range d.told(t) {
		_, lingers := lingering[n.Alert]
		if n.State != monitoring.Firing || n.Time.Before(began) || lingers || slices.Contains(r.alerts, n.Alert) {
			continue
		}
		explained := slices.ContainsFunc(r.alerts, func(alert string) bool { return explains(d.texts, alert, n.Alert) })
		// The fast one looks back an hour.
		slow := strings.HasPrefix(n.Alert, "LatencyBurn") && d.wasSlow(t, began.Add(-time.Hour/time.Duration(d.hurry)))
		assert.True(t, explained || slow,
			"'%s' makes %s fire, which no playbook of %v explains", r.command, n.Alert, r.alerts)
		d.open[n.Alert] = time.Time{}
	}
	if r.heals {
		d.must(t, "heal")
	}
	for alert, healed := range d.open {
		if healed.IsZero() {
			d.open[alert] = time.Now()
		}
	}
}

// close waits until alerts are over.
func (d *drill) close(t *testing.T, alerts ...string) {
	t.Helper()
	for _, alert := range alerts {
		healed, fired := d.open[alert]
		if !fired {
			continue
		}
		n := d.over(t, alert)
		delete(d.open, alert)
		d.rows = append(d.rows, fmt.Sprintf("%-32s %-28s ends in  %5.1f s at --hurry %d", alert, "", max(0, n.Time.Sub(healed)).Seconds(), d.hurry))
	}
}

// lingers says that an alert looks back so long that the drill goes on meanwhile.
func lingers(alert string) bool {
	return strings.HasSuffix(alert, "BurnSlow") || strings.HasSuffix(alert, "BurnSteady")
}

// rehearse acts out each of the rehearsals.
func (d *drill) rehearse(t *testing.T, all []rehearsal) {
	t.Helper()
	d.must(t, "alerts", "--hurry", fmt.Sprint(d.hurry))
	// Those whose alerts stay for long come first, as the others make some of them fire, too.
	stays := func(r rehearsal) bool { return slices.ContainsFunc(r.alerts, lingers) }
	slices.SortStableFunc(all, func(a, b rehearsal) int {
		switch {
		case stays(a) == stays(b):
			return 0
		case stays(a):
			return -1
		}
		return 1
	})
	for _, r := range all {
		d.close(t, r.alerts...) // what fires already is not told again
		d.act(t, r)
		d.close(t, slices.DeleteFunc(slices.Sorted(maps.Keys(d.open)), lingers)...)
	}
	d.close(t, slices.Sorted(maps.Keys(d.open))...)
	d.must(t, "alerts", "--hurry", "1")
	t.Log("\n" + strings.Join(d.rows, "\n"))
}

// TestDrillEveryPlaybookIsRehearsed makes each alert fire in a stack, by the command
// that its playbook names.
func TestDrillEveryPlaybookIsRehearsed(t *testing.T) {
	if testing.Short() {
		t.Skip("make drills runs it")
	}
	all, texts := rehearsals(t)
	require.NotEmpty(t, texts)
	m := newMachine(t)
	t.Cleanup(func() { m.command(t, "down") })
	m.must(t, "up")
	d := &drill{machine: m, hurry: 240, texts: texts, open: map[string]time.Time{}}
	d.rehearse(t, all)
}
