package monitoring

import (
	"bufio"
	"bytes"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
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
			Summary: a.Annotations["summary"], Playbook: a.Annotations["playbook"], Began: a.StartsAt.UTC(), Labels: map[string]string{},
		}
		for label, value := range a.Labels {
			if !slices.Contains([]string{"alertname", "severity", "policy"}, label) {
				n.Labels[label] = value
			}
		}
		for _, n.To = range b.addresses(a.Labels["policy"]) {
			arrived = append(arrived, n)
		}
	}
	if err := b.add(arrived); err != nil {
		http.Error(w, "the inbox cannot be written", http.StatusInternalServerError) // Alertmanager delivers again
		return
	}
	b.told()
}

func (b *inbox) add(arrived []Notification) error {
	b.mu.Lock()
	defer b.mu.Unlock()
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

// all are the messages, the newest first.
func (b *inbox) all() []Notification {
	b.mu.Lock()
	defer b.mu.Unlock()
	newest := slices.Clone(b.kept)
	slices.Reverse(newest)
	return newest
}
