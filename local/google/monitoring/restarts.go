package monitoring

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"
)

const (
	// lookEvery is the interval of two checks: whether the servers answer, and whether
	// the inbox still has incidents that have ended.
	lookEvery = 5 * time.Second
	// silentLooks is after how many looks without an answer a server is ended, and then
	// started again.
	silentLooks = 6
)

// watchServers ends a server that runs and does not answer; it is started again.
func (m *Monitoring) watchServers(ctx context.Context) error {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	silent := map[*server]int{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		m.mu.Lock()
		running := []*server{m.prometheus, m.alertmanager}
		m.mu.Unlock()
		next := map[*server]int{}
		for _, s := range running {
			if s == nil || s.answersSoon(ctx) || ctx.Err() != nil {
				continue
			}
			if next[s] = silent[s] + 1; next[s] >= silentLooks {
				m.options.Log.Warn("a server of the monitoring does not answer and is ended", "address", s.address)
				s.process.Kill()
			}
		}
		silent = next
	}
}

func (s server) answersSoon(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	return s.answers(ctx)
}

// settleInbox tells that incidents are over which ended while nobody could notice: the
// daemon, Prometheus or Alertmanager was being restarted.
func (m *Monitoring) settleInbox(ctx context.Context) error {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	missing := map[string]bool{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		var err error
		if missing, err = m.settle(ctx, missing); err != nil && ctx.Err() == nil {
			m.options.Log.Debug("the inbox is not compared with what fires", "error", err)
		}
	}
}

// settled says that alerts that fired before the restart of the servers would be known
// again by now: Prometheus evaluates twice before it continues them. The caller holds mu.
func (m *Monitoring) settled() bool {
	return m.prometheus != nil && m.alertmanager != nil &&
		m.options.Now().Sub(m.started) > 4*m.speed.shorten(defaultInterval)+2*lookEvery
}

// remembered adds the incidents that were notified as firing and whose state Prometheus
// does not know again yet.
func (m *Monitoring) remembered(found []Incident) []Incident {
	m.mu.Lock()
	settled := m.settled()
	m.mu.Unlock()
	if settled {
		return found
	}
	for _, n := range m.inbox.unresolved() {
		if n.Labels[sourceLabel] == sourceLogs {
			continue
		}
		told := incident(n.Labels, map[string]string{"summary": n.Summary, "playbook": n.Playbook}, Firing, n.Began)
		told.Alert, told.Severity = n.Alert, n.Severity
		same := func(i Incident) bool { return i.Alert == n.Alert && maps.Equal(i.Labels, told.Labels) }
		if at := slices.IndexFunc(found, same); at < 0 {
			found = append(found, told)
		} else {
			found[at].State = Firing
		}
	}
	return found
}

// settle compares the inbox with what fires. An incident that is missing twice is over:
// when it is missing once, Alertmanager may be about to notify.
func (m *Monitoring) settle(ctx context.Context, before map[string]bool) (missing map[string]bool, err error) {
	m.mu.Lock()
	alertmanager, settled := m.alertmanager, m.settled()
	m.mu.Unlock()
	if alertmanager == nil || !settled {
		return nil, nil
	}
	var active []struct{ Labels map[string]string }
	if err := ask(ctx, http.MethodGet, "http://"+alertmanager.address.String()+"/api/v2/alerts?active=true", nil, &active); err != nil {
		return nil, err
	}
	fires := map[string]bool{}
	for _, a := range active {
		n := Notification{Alert: a.Labels["alertname"], Labels: toldLabels(a.Labels)}
		fires[n.incident()] = true
	}
	missing = map[string]bool{}
	var over []Notification
	for _, n := range m.inbox.unresolved() {
		about := Notification{Alert: n.Alert, Labels: n.Labels}.incident()
		switch {
		case fires[about]:
		case before[about]:
			n.Time, n.State = m.options.Now().UTC(), Resolved
			over = append(over, n)
		default:
			missing[about] = true
		}
	}
	if len(over) == 0 {
		return missing, nil
	}
	err = m.inbox.add(over)
	m.watchers.Tell()
	return missing, err
}
