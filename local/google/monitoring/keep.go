package monitoring

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
	"github.com/coditect-ai/license-platform/local/host/file"
)

const (
	// settle is how long changes are collected before the servers get them.
	settle = 200 * time.Millisecond
	// again is how long after a failed start the next one is tried.
	again = 5 * time.Second
)

// keep follows the declarations, and restarts servers that have ended.
func (m *Monitoring) keep(ctx context.Context) error {
	defer m.stop()
	leave := m.options.Store.Subscribe(m.Changed)
	defer leave()
	m.Changed()
	checks := m.checking(ctx)
	defer checks.stop()
	for {
		retry := m.sync(ctx, checks)
		select {
		case <-ctx.Done():
			return nil
		case <-m.changed:
			wait(ctx, settle)
		case <-retry:
		}
	}
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// sync writes the configuration and tells the servers, or starts them. A channel
// that is returned says when to try again.
func (m *Monitoring) sync(ctx context.Context, checks *checking) (retry <-chan time.Time) {
	pace := m.pace()
	objectives := map[string]provider.Properties{}
	for _, r := range m.options.Store.List(gcp.TypeObjective) {
		objectives[r.ID] = provider.Properties(r.Inputs)
	}
	translated := translate(m.options.Store.List(gcp.TypeAlertPolicy), objectives)
	scrapes, problems := scrapesOf(m.options.Store.List(kubernetes.TypePodMonitoring), m.options.Pods(), m.place())
	declared, badChecks := m.checks()
	problems = append(append(translated.problems, problems...), badChecks...)
	for _, b := range m.options.Backends() {
		m.google.expect(b.URLMap, b.Name, b.Policy)
	}
	checks.set(declared, pace)

	var err error
	if len(translated.rules) > 0 || len(translated.logs) > 0 || len(scrapes) > 0 || m.runs() {
		err = m.apply(ctx, pace, translated.rules, scrapes)
	}
	down := ""
	if err != nil && ctx.Err() == nil {
		down = err.Error()
		m.options.Log.Error("the monitoring does not run", "error", err)
		retry = time.After(again)
	}
	m.mu.Lock()
	m.routing = routingOf(m.options.Store.List(gcp.TypeLogSink, gcp.TypeLogExclusion))
	m.logs, m.rules, m.problems, m.down = translated.logs, len(translated.rules), problems, down
	m.mu.Unlock()
	m.reopen(translated.logs)
	m.followPolicies(translated.logs)
	m.watchers.Tell()
	return retry
}

func (m *Monitoring) runs() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.prometheus != nil && m.alertmanager != nil
}

// forgetEnded forgets a server that has ended without being stopped. The other one keeps
// running.
func (m *Monitoring) forgetEnded() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, s := range map[string]**server{"Prometheus": &m.prometheus, "Alertmanager": &m.alertmanager} {
		if *s == nil {
			continue
		}
		select {
		case <-(*s).process.Done():
			m.options.Log.Warn("a server of the monitoring has ended and is started again", "server", name)
			*s = nil
		default:
		}
	}
}

// apply writes the files; a running server reloads them when they changed.
func (m *Monitoring) apply(ctx context.Context, pace Pace, rules []rule, scrapes []scrape) error {
	manager, err := alertmanagerConfig(m.at(googlePort), filepath.Join(m.options.Dir, "inbox.token"))
	if err != nil {
		return err
	}
	config, err := prometheusConfig(pace, m.at(googlePort), m.at(alertmanagerPort), scrapes)
	if err != nil {
		return err
	}
	rulesFile, err := prometheusRules(pace, rules)
	if err != nil {
		return err
	}
	for _, s := range scrapes {
		list, err := s.targetsList()
		if err != nil {
			return err
		}
		if _, err := m.write(s.targetsFile(), list); err != nil {
			return err
		}
	}
	changed := false
	for _, file := range []struct {
		name    string
		content []byte
	}{{"inbox.token", []byte(m.inbox.token)}, {"alertmanager.yml", manager}, {"rules.yml", rulesFile}, {"prometheus.yml", config}} {
		other, err := m.write(file.name, file.content)
		if err != nil {
			return err
		}
		changed = changed || other
	}
	m.forgetEnded()
	m.mu.Lock()
	if changed && m.prometheus != nil {
		m.prometheus.reload()
	}
	m.mu.Unlock()
	return m.startMissing(ctx)
}

// write replaces a file of the configuration, and says whether it was another.
func (m *Monitoring) write(name string, content []byte) (changed bool, err error) {
	path := filepath.Join(m.options.Dir, name)
	if before, err := os.ReadFile(path); err == nil && bytes.Equal(before, content) {
		return false, nil
	}
	return true, file.Replace(path, content, 0o600)
}

// startMissing starts the servers that do not run, Alertmanager first, so that no alert
// is lost.
func (m *Monitoring) startMissing(ctx context.Context) error {
	m.mu.Lock()
	alertmanager, prometheus := m.alertmanager, m.prometheus
	m.mu.Unlock()
	if alertmanager == nil {
		started, err := m.startAlertmanager(ctx)
		if err != nil {
			return err
		}
		m.mu.Lock()
		m.alertmanager, m.started = &started, m.options.Now()
		for _, open := range m.open {
			open.told = time.Time{} // this one has not heard of it
		}
		m.mu.Unlock()
		m.startAgain(started)
	}
	if prometheus == nil {
		started, err := m.startPrometheus(ctx)
		if err != nil {
			return err
		}
		m.mu.Lock()
		m.prometheus, m.started = &started, m.options.Now()
		m.mu.Unlock()
		m.startAgain(started)
	}
	return nil
}

// startAgain has a server started again when it ends. Nothing waits for it: it ends with
// the server.
func (m *Monitoring) startAgain(s server) {
	m.options.Log.Info("a server of the monitoring runs", "address", s.address)
	go func() {
		<-s.process.Done()
		m.Changed()
	}()
}

// stop ends both servers; their series and alerts stay.
func (m *Monitoring) stop() {
	m.mu.Lock()
	running := []*server{m.prometheus, m.alertmanager}
	m.prometheus, m.alertmanager = nil, nil
	m.mu.Unlock()
	for _, s := range running {
		if s != nil {
			s.process.Stop(context.Background())
		}
	}
}

func (m *Monitoring) at(port uint16) netip.AddrPort { return netip.AddrPortFrom(m.options.Host, port) }

func (m *Monitoring) place() place {
	at := place{project: m.options.Project, location: m.options.Location}
	for _, r := range m.options.Store.List(gcp.TypeCluster) {
		at.cluster = provider.Properties(r.Inputs).Text("name")
	}
	return at
}

// checks are the declared uptime checks.
func (m *Monitoring) checks() (found []check, problems []string) {
	for _, r := range m.options.Store.List(gcp.TypeUptimeCheck) {
		c, err := checkOf(r.ID, provider.Properties(r.Inputs))
		if err != nil {
			problems = append(problems, err.Error())
			continue
		}
		found = append(found, c)
	}
	return found, problems
}

// addresses says who is behind the channels of a policy.
func (m *Monitoring) addresses(policy string) []string {
	r, exists := m.options.Store.Get(gcp.TypeAlertPolicy, policy)
	if !exists {
		return []string{"nobody"}
	}
	var found []string
	for _, channel := range aboutPolicy(r.ID, provider.Properties(r.Inputs)).channels {
		declared, exists := m.options.Store.Get(gcp.TypeNotificationChannel, channel)
		if !exists {
			continue
		}
		inputs := provider.Properties(declared.Inputs)
		name := inputs.Text("labels.email_address")
		if name == "" {
			name = inputs.Text("displayName")
		}
		found = append(found, fmt.Sprintf("%s %s", inputs.Text("type"), name))
	}
	if len(found) == 0 {
		return []string{"nobody"}
	}
	return found
}
