package daemon

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"github.com/coditect-ai/license-platform/emulator/cloudide"
	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
	"github.com/coditect-ai/license-platform/local/google/audit"
	"github.com/coditect-ai/license-platform/local/google/monitoring"
)

// openMonitoring opens the audit trail and what watches over it and over the
// metrics.
func (d *Daemon) openMonitoring(logs string) (err error) {
	if err := d.openAudit(logs); err != nil {
		return err
	}
	plan := d.options.Plan
	d.monitoring, err = monitoring.Open(monitoring.Options{
		Dir: filepath.Join(d.options.Dir, "monitoring"), Logs: logs, Host: plan.Monitoring(),
		Project: cloudide.Project, Location: cloudide.Region, Edge: plan.Edge(), Roots: d.authority.Pool(),
		Store: d.store, Pods: d.scrapedPods, Backends: d.servedBackends, Memory: d.caches.memory, Databases: d.databases.activity,
		Supervisor: d.supervisor, Log: d.log,
	})
	if err != nil {
		return fmt.Errorf("open the monitoring: %w", err)
	}
	return nil
}

// openAudit opens the audit trail.
func (d *Daemon) openAudit(logs string) (err error) {
	d.audit, err = audit.Open(filepath.Join(logs, "audit.jsonl"), cloudide.Project)
	return err
}

// runMonitoring shows it every request, every entry of the audit trail and every
// change of a pod.
func (d *Daemon) runMonitoring(ctx context.Context, group *errgroup.Group) {
	stops := []func(){
		d.loadBalancer.Watch(func(e loadbalancer.LogEntry) {
			e.Resource.Labels = withBackendName(e.Resource.Labels)
			d.monitoring.Request(e)
			if entry, err := plain(e); err == nil {
				d.monitoring.Entry(entry)
			}
		}),
		d.audit.Watch(d.monitoring.Entry),
		d.kubelet.Subscribe(d.monitoring.Changed),
	}
	group.Go(func() error { return d.follow(ctx) })
	group.Go(func() error {
		defer func() {
			for _, stop := range stops {
				stop()
			}
		}()
		return d.monitoring.Run(ctx)
	})
}

// plain is a log entry as a filter reads it.
func plain(e loadbalancer.LogEntry) (entry map[string]any, err error) {
	text, err := json.Marshal(e)
	if err == nil {
		err = json.Unmarshal(text, &entry)
	}
	return entry, err
}

func (d *Daemon) scrapedPods() (all []monitoring.Pod) {
	for _, p := range d.kubelet.Pods() {
		all = append(all, monitoring.Pod{
			Namespace: p.Namespace, Name: p.Name, Labels: p.Labels, IP: p.IP, Ports: p.Ports, Runs: p.Phase == "Running" && p.PID != 0,
		})
	}
	return all
}

func (d *Daemon) servedBackends() (all []monitoring.Backend) {
	for _, s := range d.balancer.Serving() {
		all = append(all, monitoring.Backend{URLMap: s.URLMap, Name: serviceName(s.Backend), Policy: s.Policy})
	}
	return all
}

// withBackendName gives a backend service the name that it has at Google, where metrics
// are selected by it.
func withBackendName(labels map[string]string) map[string]string {
	all := map[string]string{}
	for name, value := range labels {
		all[name] = value
	}
	if name := all["backend_service_name"]; name != "" {
		all["backend_service_name"] = serviceName(name)
	}
	return all
}

// serviceName is what GKE calls the backend service of NAMESPACE-SERVICE-PORT: the
// scheme's version, an id of the cluster's, the Service, a hash.
// https://github.com/kubernetes/ingress-gce/blob/master/pkg/utils/namer/namer.go
func serviceName(backend string) string {
	return fmt.Sprintf("k8s1-%s-%s-%s", hash(cloudide.Cluster), backend, hash(backend))
}

func hash(text string) string {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(text)) // a hash never fails to take bytes
	return fmt.Sprintf("%08x", sum.Sum32())
}

// watches adds the handlers of the commands about alerts.
func (d *Daemon) watches(mux *http.ServeMux) {
	mux.HandleFunc("GET /inbox", func(w http.ResponseWriter, _ *http.Request) { reply(w, d.monitoring.Inbox(), nil) })
	mux.HandleFunc("POST /pace", func(w http.ResponseWriter, r *http.Request) {
		var pace monitoring.Pace
		err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10)).Decode(&pace)
		if err == nil {
			err = d.monitoring.SetPace(pace)
		}
		reply(w, pace, err)
	})
}
