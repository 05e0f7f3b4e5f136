package monitoring

import (
	"bufio"
	"bytes"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/coditect-ai/license-platform/local/host/file"
)

const (
	// inboxPath is where Alertmanager delivers.
	inboxPath = "/notify"
	// maxNotifications bounds what is kept; the oldest go first.
	maxNotifications = 500
	// maxDelivery bounds one delivery, in bytes.
	maxDelivery = 4 << 20
)

// States of a notification.
const (
	Firing   = "firing"
	Resolved = "resolved"
)

// Notification is one message to one address.
type Notification struct {
	Time time.Time `json:"time"`
	// State is Firing or Resolved.
	State string `json:"state"`
	// Alert is the policy's short name, Severity as declared.
	Alert    string `json:"alert"`
	Severity string `json:"severity"`
	Summary  string `json:"summary"`
	// Playbook is where to read what to do.
	Playbook string `json:"playbook,omitempty"`
	// To is who would have been told, for example "email security@example.com";
	// "nobody" when the policy has no channel.
	To string `json:"to"`
	// Labels tell one incident of a policy from another.
	Labels map[string]string `json:"labels,omitempty"`
	// Began is when the incident began.
	Began time.Time `json:"began"`
}

// About tells one incident of an alert from another, as Incident.About does.
func (n Notification) About() string { return distinction(n.Labels) }

// delivery is what Alertmanager posts.
// https://prometheus.io/docs/alerting/0.25/configuration/#webhook_config
type delivery struct {
	Alerts []struct {
		Status      string            `json:"status"`
		Labels      map[string]string `json:"labels"`
		Annotations map[string]string `json:"annotations"`
		StartsAt    time.Time         `json:"startsAt"`
	} `json:"alerts"`
}

// inbox keeps every message, in memory and in a file that outlives the daemon.
type inbox struct {
	path  string
	token string
	// addresses names who is behind the channels of a policy.
	addresses func(policy string) []string
	now       func() time.Time
	// told is called after a delivery.
	told func()

	mu   sync.Mutex
	kept []Notification
}

func (b *inbox) load() error {
	content, err := os.ReadFile(b.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the inbox: %w", err)
	}
	lines := bufio.NewScanner(bytes.NewReader(content))
	lines.Buffer(nil, maxDelivery)
	for lines.Scan() {
		var n Notification
		if json.Unmarshal(lines.Bytes(), &n) == nil { // a line cut by a kill is lost, the others are not
			b.kept = append(b.kept, n)
		}
	}
	b.trim()
	return nil
}

// ServeHTTP takes a delivery of Alertmanager's.
func (b *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte("Bearer "+b.token)) != 1 {
		http.Error(w, "only the embedded cloud's Alertmanager delivers here", http.StatusUnauthorized)
		return
	}
	var d delivery
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxDelivery)).Decode(&d); err != nil {
		http.Error(w, "this is not a delivery of Alertmanager's", http.StatusBadRequest)
		return
	}
	var arrived []Notification
	for _, a := range d.Alerts {
		n := Notification{
			Time: b.now().UTC(), State: a.Status, Alert: a.Labels["alertname"], Severity: a.Labels["severity"],
			Summary: a.Annotations["summary"], Playbook: a.Annotations["playbook"], Began: a.StartsAt.UTC(), Labels: toldLabels(a.Labels),
		}
		for _, n.To = range b.recipients(n, a.Labels["policy"]) {
			arrived = append(arrived, n)
		}
	}
	if err := b.add(arrived); err != nil {
		http.Error(w, "the inbox cannot be written", http.StatusInternalServerError) // Alertmanager delivers again
		return
	}
	b.told()
}

// toldLabels are those that tell one incident of a policy from another.
func toldLabels(all map[string]string) map[string]string {
	told := maps.Clone(all)
	maps.DeleteFunc(told, func(label, _ string) bool { return slices.Contains([]string{"alertname", "severity", "policy"}, label) })
	return told
}

// add keeps what is news: what Alertmanager tells again after a restart, because it has
// forgotten that it told it, is not.
func (b *inbox) add(arrived []Notification) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	last := map[string]string{}
	for _, n := range b.kept {
		last[n.incident()] = n.State
	}
	arrived = slices.DeleteFunc(arrived, func(n Notification) bool {
		known := last[n.incident()] == n.State
		last[n.incident()] = n.State
		return known
	})
	if len(arrived) == 0 {
		return nil
	}
	before := b.kept
	b.kept = append(slices.Clip(b.kept), arrived...)
	b.trim()
	var text bytes.Buffer
	for _, n := range b.kept {
		if err := json.NewEncoder(&text).Encode(n); err != nil {
			return fmt.Errorf("encode a notification: %w", err)
		}
	}
	if err := file.Replace(b.path, text.Bytes(), 0o600); err != nil {
		b.kept = before
		return err
	}
	return nil
}

func (b *inbox) trim() {
	if over := len(b.kept) - maxNotifications; over > 0 {
		b.kept = slices.Clone(b.kept[over:])
	}
}

// incident tells what a message is about, and to whom.
func (n Notification) incident() string { return n.Alert + " " + fmt.Sprint(n.Labels) + " " + n.To }

// recipients are those behind the policy's channels; who was told that an incident began
// is told that it is over, also when the policy is gone.
func (b *inbox) recipients(n Notification, policy string) (all []string) {
	if n.State == Resolved {
		for _, open := range b.unresolved() {
			n.To = open.To
			if open.incident() == n.incident() {
				all = append(all, open.To)
			}
		}
	}
	if len(all) == 0 {
		return b.addresses(policy)
	}
	return all
}

// unresolved are the last messages about every incident that nobody was told to be over.
func (b *inbox) unresolved() (all []Notification) {
	b.mu.Lock()
	defer b.mu.Unlock()
	seen := map[string]bool{}
	for _, n := range slices.Backward(b.kept) {
		if !seen[n.incident()] && n.State == Firing {
			all = append(all, n)
		}
		seen[n.incident()] = true
	}
	return all
}

// all are the messages, the newest first.
func (b *inbox) all() []Notification {
	b.mu.Lock()
	defer b.mu.Unlock()
	newest := slices.Clone(b.kept)
	slices.Reverse(newest)
	return newest
}
