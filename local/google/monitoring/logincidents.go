package monitoring

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"
)

const (
	// maxLogIncidents bounds how many alerts over log entries are open at once.
	maxLogIncidents = 500
	// tellLogs is how often what is open is looked at; an incident that is new is told
	// at once.
	tellLogs = 200 * time.Millisecond
	// sourceLabel marks alerts that were posted for a log entry; Prometheus posts all
	// others.
	sourceLabel = "source"
	sourceLogs  = "logs"
)

// logIncident is an alert over log entries that has not ended. Alertmanager keeps what
// it is told in memory only, so it is told again and again, as Prometheus does.
type logIncident struct {
	rule   logRule
	labels map[string]string
	// began and last are when the first and the latest entry came.
	began, last time.Time
	// told is when Alertmanager heard of it; zero after every new entry.
	told time.Time
	// gone says that its policy is not declared any more.
	gone bool
}

func incidentKey(policy string, labels map[string]string) string {
	return policy + " " + fmt.Sprint(labels) // a map is printed in the order of its keys
}

// matchedEntry opens an incident for a log entry, or keeps the one that is open.
func (m *Monitoring) matchedEntry(r logRule, entry map[string]any) {
	labels, now := r.labels(entry), m.options.Now()
	key := incidentKey(r.policy, labels)
	m.mu.Lock()
	defer m.mu.Unlock()
	if open := m.open[key]; open != nil && !open.gone {
		open.rule, open.last, open.told = r, now, time.Time{}
	} else if open != nil || len(m.open) < maxLogIncidents {
		m.open[key] = &logIncident{rule: r, labels: labels, began: now, last: now}
	} else {
		m.untold.add(now)
		return
	}
	select {
	case m.matched <- struct{}{}:
	default: // the teller is awake
	}
}

// follow applies the declared policies, and ends the incidents of deleted policies.
func (m *Monitoring) followPolicies(rules []logRule) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, open := range m.open {
		at := slices.IndexFunc(rules, func(r logRule) bool { return r.policy == open.rule.policy })
		if at >= 0 {
			open.rule = rules[at]
		} else {
			open.gone, open.told = true, time.Time{}
		}
	}
}

// reopen continues the incidents that were open when the previous daemon ended, once
// their policies are known.
func (m *Monitoring) reopen(rules []logRule) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range m.reopening {
		at := slices.IndexFunc(rules, func(r logRule) bool { return r.name == n.Alert })
		if at < 0 {
			continue
		}
		labels := maps.Clone(n.Labels)
		delete(labels, sourceLabel)
		key := incidentKey(rules[at].policy, labels)
		if m.open[key] == nil && len(m.open) < maxLogIncidents {
			m.open[key] = &logIncident{rule: rules[at], labels: labels, began: n.Began, last: n.Time}
		}
	}
	if len(rules) > 0 {
		m.reopening = nil
	}
}

// ends is when an incident closes by itself.
func (i *logIncident) ends(p Pace, now time.Time) time.Time {
	if i.gone {
		return now
	}
	return i.last.Add(p.shorten(i.rule.closes))
}

// tellOpen tells Alertmanager of every incident over log entries until it has closed.
func (m *Monitoring) tellOpen(ctx context.Context) error {
	ticker := time.NewTicker(tellLogs)
	defer ticker.Stop()
	failing := false
	for {
		err := m.tellDue(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			m.options.Log.Warn("alerts over log entries wait until Alertmanager answers", "error", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return nil
		case <-m.matched:
		case <-ticker.C:
		}
	}
}

// tellDue posts new incidents and those that were posted long ago, and forgets closed
// ones. https://github.com/prometheus/alertmanager/blob/v0.25.0/api/v2/openapi.yaml
func (m *Monitoring) tellDue(ctx context.Context) error {
	now := m.options.Now()
	var alerts []object
	var told []*logIncident
	m.mu.Lock()
	alertmanager, pace := m.alertmanager, m.speed
	if alertmanager != nil {
		for _, open := range m.open {
			ends := open.ends(pace, now)
			again := min(resend, pace.shorten(open.rule.closes)/3)
			if ends.After(now) && now.Sub(open.told) < again {
				continue
			}
			told = append(told, open)
			alerts = append(alerts, object{
				"labels": open.allLabels(), "annotations": object{"summary": open.rule.summary, "playbook": open.rule.playbook},
				"startsAt": open.began, "endsAt": ends,
			})
		}
	}
	m.mu.Unlock()
	if len(alerts) == 0 {
		return nil
	}
	body, err := json.Marshal(alerts)
	if err != nil {
		return fmt.Errorf("encode the alerts over log entries: %w", err)
	}
	if err := ask(ctx, http.MethodPost, "http://"+alertmanager.address.String()+"/api/v2/alerts", body, nil); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, open := range told {
		if !open.ends(m.speed, now).After(now) {
			delete(m.open, incidentKey(open.rule.policy, open.labels))
		} else if !open.last.After(now) {
			open.told = now
		}
	}
	return nil
}

// allLabels are those by which Alertmanager and the inbox know the incident.
func (i *logIncident) allLabels() map[string]string {
	labels := map[string]string{"alertname": i.rule.name, "policy": i.rule.policy, "severity": i.rule.severity, sourceLabel: sourceLogs}
	maps.Copy(labels, i.labels)
	return labels
}

// openLogIncidents are those over log entries that fire.
func (m *Monitoring) openLogIncidents() (all []Incident) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.options.Now()
	for _, open := range m.open {
		if open.ends(m.speed, now).After(now) {
			all = append(all, incident(open.allLabels(), map[string]string{"summary": open.rule.summary, "playbook": open.rule.playbook}, Firing, open.began))
		}
	}
	return all
}
