package monitoring

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// askTimeout bounds a question to Prometheus or Alertmanager.
const askTimeout = 5 * time.Second

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

// About tells one incident of an alert from another, for example "principal
// ann@example.com"; empty when there is one at a time.
func (i Incident) About() string { return distinction(i.Labels) }

// Text is the summary, with About where there is one.
func (i Incident) Text() string {
	if about := i.About(); about != "" {
		return i.Summary + " (" + about + ")"
	}
	return i.Summary
}

// incidents are those that Prometheus evaluates and those over log entries.
func (m *Monitoring) incidents(ctx context.Context, prometheus server) ([]Incident, error) {
	found := m.openLogIncidents()
	var evaluated struct {
		Data struct {
			Alerts []struct {
				Labels, Annotations map[string]string
				State               string
				ActiveAt            time.Time
			}
		}
	}
	err := ask(ctx, http.MethodGet, "http://"+prometheus.address.String()+"/api/v1/alerts", nil, &evaluated)
	for _, a := range evaluated.Data.Alerts {
		found = append(found, incident(a.Labels, a.Annotations, a.State, a.ActiveAt))
	}
	slices.SortFunc(found, func(a, b Incident) int {
		return cmp.Or(a.Since.Compare(b.Since), strings.Compare(a.Alert, b.Alert), strings.Compare(fmt.Sprint(a.Labels), fmt.Sprint(b.Labels)))
	})
	return found, err
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

// distinction are the labels in words, without what all of them have.
func distinction(labels map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		if !slices.Contains([]string{"monitored_resource", "project_id", sourceLabel}, name) {
			parts = append(parts, name+" "+labels[name])
		}
	}
	return strings.Join(parts, ", ")
}
