package monitoring

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/coditect-ai/license-platform/emulator/store"
	"github.com/coditect-ai/license-platform/emulator/watch"
	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
	"github.com/coditect-ai/license-platform/local/host/file"
	"github.com/coditect-ai/license-platform/local/host/process"
)

// PrometheusPort is where Prometheus listens, at the address of the monitoring.
const PrometheusPort = 9090

// The other ports there: Alertmanager has the one that it has everywhere, and there
// is one for what Google's services export and for the inbox.
const (
	googlePort       = 9091
	alertmanagerPort = 9093
)

// Backend is a backend of the load balancer, with the Cloud Armor policy that
// evaluates its requests, if any.
type Backend struct{ URLMap, Name, Policy string }

// Options say where the monitoring has its folder and what it monitors.
type Options struct {
	// Dir holds configuration, series and the inbox; Logs the servers' logs.
	Dir, Logs string
	// Host is the loopback address that all of it listens at.
	Host netip.Addr
	// Project and Location label the pods' series.
	Project, Location string
	// Edge is the load balancer that checks ask, with a certificate below Roots.
	Edge  netip.AddrPort
	Roots *x509.CertPool
	// Store is what is declared.
	Store *store.Store
	// Pods are the pods of the cluster, Backends the backends of the load balancer,
	// Memory is the use of the caches' memory, and Databases are the metrics of the
	// database instances.
	Pods      func() []Pod
	Backends  func() []Backend
	Memory    func(context.Context) []Memory
	Databases func(context.Context) []Database
	// Supervisor runs the servers.
	Supervisor *process.Supervisor
	// Now is the time; time.Now when nil.
	Now func() time.Time
	Log *slog.Logger
}

// Monitoring is the embedded Cloud Monitoring. It is safe for concurrent use.
type Monitoring struct {
	options Options
	google  *google
	inbox   *inbox
	changed chan struct{}
	entries chan map[string]any
	matched chan struct{} // an incident over log entries has to be told

	mu                       sync.Mutex
	speed                    Pace
	logs                     []logRule
	routing                  routing
	rules                    int
	problems                 []string
	prometheus, alertmanager *server // nil while they do not run
	watchers                 watch.Changes
	// dropped counts log entries that were not evaluated, untold the alerts over log
	// entries that were not told.
	dropped, untold overflow
	// open are the incidents over log entries, and reopening those that the inbox has
	// from an earlier daemon.
	open      map[string]*logIncident
	reopening []Notification
	// down says why alerts are not evaluated or told; started is when both servers
	// began to run.
	down    string
	started time.Time
}

// maxEntries is how many log entries may wait to be evaluated.
const maxEntries = 4096

// Open reads what the monitoring remembers: its pace and its inbox.
func Open(o Options) (*Monitoring, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the monitoring: %w", err)
	}
	m := &Monitoring{
		options: o, google: newGoogle(o.Project, o.Memory, o.Databases), speed: readPace(o.Dir),
		changed: make(chan struct{}, 1), entries: make(chan map[string]any, maxEntries),
		matched: make(chan struct{}, 1), open: map[string]*logIncident{},
	}
	m.inbox = &inbox{path: filepath.Join(o.Dir, "inbox.jsonl"), token: rand.Text(), addresses: m.addresses, now: o.Now, told: m.watchers.Tell}
	err := m.inbox.load()
	for _, n := range m.inbox.unresolved() {
		if n.Labels[sourceLabel] == sourceLogs {
			m.reopening = append(m.reopening, n)
		}
	}
	return m, err
}

// Run keeps the servers in step with what is declared until ctx ends. They start
// when the first alert or PodMonitoring is declared.
func (m *Monitoring) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	if err := m.serve(ctx, group); err != nil {
		return err
	}
	group.Go(func() error { return m.keep(ctx) })
	group.Go(func() error { return m.evaluate(ctx) })
	group.Go(func() error { return m.tellOpen(ctx) })
	group.Go(func() error { return m.watchServers(ctx) })
	group.Go(func() error { return m.settleInbox(ctx) })
	return group.Wait()
}

// Changed says that something is declared, or that a pod is, that was not before.
func (m *Monitoring) Changed() {
	select {
	case m.changed <- struct{}{}:
	default: // one is on its way
	}
}

// Request counts a request that is over, and evaluates its log entry. It does not
// block.
func (m *Monitoring) Request(e loadbalancer.LogEntry) { m.google.count(e) }

// Entry evaluates a log entry, in Cloud Logging's shape. It does not block: when
// too many wait, the entry is left out, which Status says.
func (m *Monitoring) Entry(entry map[string]any) {
	select {
	case m.entries <- entry:
	default:
		m.mu.Lock()
		m.dropped.add(m.options.Now())
		m.mu.Unlock()
	}
}

// Inbox lists the notifications with their recipients, the newest first.
func (m *Monitoring) Inbox() []Notification { return m.inbox.all() }

// Subscribe calls notify after every message of the inbox, until the returned
// function is called. notify must not block.
func (m *Monitoring) Subscribe(notify func()) (unsubscribe func()) { return m.watchers.Add(notify) }

// SetPace makes the time of alerts run faster, or at real time again.
func (m *Monitoring) SetPace(p Pace) error {
	if err := p.Validate(); err != nil {
		return err
	}
	if err := file.Replace(pacePath(m.options.Dir), []byte(strconv.Itoa(int(p))+"\n"), 0o600); err != nil {
		return err
	}
	m.mu.Lock()
	m.speed = p
	m.mu.Unlock()
	m.Changed()
	return nil
}

func (m *Monitoring) pace() Pace {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.speed
}

func pacePath(dir string) string { return filepath.Join(dir, "pace") }

// readPace reads the stored pace; real time when there is none.
func readPace(dir string) Pace {
	content, err := os.ReadFile(pacePath(dir))
	if err != nil {
		return RealTime
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil || Pace(n).Validate() != nil {
		return RealTime
	}
	return Pace(n)
}

// Status is the status of the monitoring.
type Status struct {
	// Prometheus and Alertmanager are the URLs of their own pages, empty while they
	// do not run.
	Prometheus   string `json:"prometheus,omitempty"`
	Alertmanager string `json:"alertmanager,omitempty"`
	// Pace is how many times faster than on Google Cloud the time of alerts runs.
	Pace Pace `json:"pace"`
	// Rules and LogRules count the alert policies that are evaluated.
	Rules    int `json:"rules"`
	LogRules int `json:"logRules"`
	// Incidents are those that fire and those that are about to.
	Incidents []Incident `json:"incidents"`
	// Problems say what is declared and not acted out, and why.
	Problems []string `json:"problems,omitempty"`
	// Down says why nothing is evaluated, or nobody told, now; empty when all is well.
	Down string `json:"down,omitempty"`
}

// Status asks the servers for what fires.
func (m *Monitoring) Status(ctx context.Context) Status {
	m.mu.Lock()
	s := Status{Pace: m.speed, Rules: m.rules, LogRules: len(m.logs), Problems: slices.Clone(m.problems), Incidents: []Incident{}}
	prometheus, alertmanager, declared := m.prometheus, m.alertmanager, m.rules+len(m.logs) > 0
	s.Problems = append(s.Problems, m.overflows()...)
	s.Down = m.down
	m.mu.Unlock()
	if prometheus == nil || alertmanager == nil {
		s.Incidents = append(s.Incidents, m.remembered(m.openLogIncidents())...)
		if declared && s.Down == "" {
			s.Down = "Prometheus and Alertmanager are being started"
		}
		return s
	}
	s.Prometheus, s.Alertmanager = "http://"+prometheus.address.String()+"/", "http://"+alertmanager.address.String()+"/"
	found, err := m.incidents(ctx, *prometheus)
	s.Incidents = append(s.Incidents, m.remembered(found)...)
	switch {
	case err != nil:
		s.Down = "Prometheus: " + err.Error()
	case !alertmanager.answersSoon(ctx):
		s.Down = "Alertmanager does not answer"
	}
	return s
}
