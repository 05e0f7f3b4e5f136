package monitoring

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// askTimeout bounds a question to Prometheus or Alertmanager.
const askTimeout = 2 * time.Second

// Pending is the state of an alert whose condition holds, but not for long enough.
const Pending = "pending"

// Incident is an alert that fires, or is about to.
type Incident struct {
	Alert    string `json:"alert"`
	Severity string `json:"severity"`
	Summary  string `json:"summary"`
	Playbook string `json:"playbook,omitempty"`
	// State is Firing or Pending.
	State string `json:"state"`
	// Since is when its condition began to hold.
	Since time.Time `json:"since"`
	// Labels tell one incident of a policy from another.
	Labels map[string]string `json:"labels,omitempty"`
}

// incidents asks both servers: Prometheus for what holds, Alertmanager for what
// came from the logs.
func (m *Monitoring) incidents(ctx context.Context, prometheus, alertmanager server) ([]Incident, error) {
	var evaluated struct {
		Data struct {
			Alerts []struct {
				Labels, Annotations map[string]string
				State               string
				ActiveAt            time.Time
			}
		}
	}
	if err := ask(ctx, http.MethodGet, "http://"+prometheus.address.String()+"/api/v1/alerts", nil, &evaluated); err != nil {
		return nil, err
	}
	var posted []struct {
		Labels, Annotations map[string]string
		StartsAt            time.Time
	}
	if err := ask(ctx, http.MethodGet, "http://"+alertmanager.address.String()+"/api/v2/alerts?active=true", nil, &posted); err != nil {
		return nil, err
	}
	found := []Incident{}
	for _, a := range evaluated.Data.Alerts {
		found = append(found, incident(a.Labels, a.Annotations, a.State, a.ActiveAt))
	}
	for _, a := range posted {
		if a.Labels[sourceLabel] == sourceLogs {
			found = append(found, incident(a.Labels, a.Annotations, Firing, a.StartsAt))
		}
	}
	slices.SortFunc(found, func(a, b Incident) int { return a.Since.Compare(b.Since) })
	return found, nil
}

func incident(labels, annotations map[string]string, state string, since time.Time) Incident {
	i := Incident{
		Alert: labels["alertname"], Severity: labels["severity"], Summary: annotations["summary"], Playbook: annotations["playbook"],
		State: state, Since: since.UTC(), Labels: map[string]string{},
	}
	for label, value := range labels {
		if !slices.Contains([]string{"alertname", "severity", "policy", sourceLabel}, label) {
			i.Labels[label] = value
		}
	}
	return i
}

// sourceLabel marks what was posted for a log entry; Prometheus posts the rest.
const (
	sourceLabel = "source"
	sourceLogs  = "logs"
)

// post tells Alertmanager of a log entry that an alert policy matches.
// https://github.com/prometheus/alertmanager/blob/v0.25.0/api/v2/openapi.yaml
func (m *Monitoring) post(ctx context.Context, alertmanager server, r logRule, entry map[string]any) error {
	labels := map[string]string{"alertname": r.name, "policy": r.policy, "severity": r.severity, sourceLabel: sourceLogs}
	for label, value := range r.labels(entry) {
		labels[label] = value
	}
	now := m.options.Now()
	body, err := json.Marshal([]object{{
		"labels": labels, "annotations": object{"summary": r.summary, "playbook": r.playbook},
		"startsAt": now, "endsAt": now.Add(m.pace().shorten(r.closes)),
	}})
	if err != nil {
		return fmt.Errorf("encode the alert %s: %w", r.name, err)
	}
	return ask(ctx, http.MethodPost, "http://"+alertmanager.address.String()+"/api/v2/alerts", body, nil)
}

// ask sends a request to one of the two servers and reads its JSON answer.
func ask(ctx context.Context, method, url string, body []byte, into any) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("ask the monitoring: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return fmt.Errorf("the monitoring does not answer: %w", err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(io.LimitReader(response.Body, maxDelivery))
	if err != nil {
		return fmt.Errorf("read what the monitoring answers: %w", err)
	}
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("the monitoring answered %s: %s", response.Status, strings.TrimSpace(string(content)))
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(content, into); err != nil {
		return fmt.Errorf("read what the monitoring answers: %w", err)
	}
	return nil
}
