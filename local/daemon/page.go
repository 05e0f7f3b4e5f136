package daemon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/coditect-ai/license-platform/docs/playbooks"
	"github.com/coditect-ai/license-platform/local/report/layer"
	"github.com/coditect-ai/license-platform/local/report/page"
	"github.com/coditect-ai/license-platform/local/report/requestlog"
)

// pageDistance is how far the page's port is from the load balancer's, so that it
// stays the same over restarts. When that port is taken, any free one is.
const pageDistance = 1000

// servePage serves the page on 127.0.0.1 and returns its URL.
func (d *Daemon) servePage(ctx context.Context, group *errgroup.Group) (string, error) {
	handler, err := page.Handler(consoleData{d})
	if err != nil {
		return "", err
	}
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(pagePort(d.options.Plan.EdgePort))))
	if err != nil {
		listener, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		return "", fmt.Errorf("open the page's port: %w", err)
	}
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second,
		BaseContext: func(net.Listener) context.Context { return ctx }, // ends the event streams
		ErrorLog:    slog.NewLogLogger(d.log.Handler(), slog.LevelDebug),
	}
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve the page: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		return server.Close()
	})
	return "http://" + listener.Addr().String() + "/", nil
}

func pagePort(edge int) int {
	if edge+pageDistance > 65535 {
		return edge - pageDistance
	}
	return edge + pageDistance
}

// consoleData implements page.Cloud with the daemon's data.
type consoleData struct{ daemon *Daemon }

var _ page.Cloud = consoleData{}

// Book implements page.Cloud.
func (w consoleData) Book() *requestlog.Book { return w.daemon.book }

// Marks implements page.Cloud.
func (w consoleData) Marks() []page.Mark {
	return marks(w.daemon.timelineMarks.all(), w.daemon.monitoring.Inbox())
}

// Playbook implements page.Cloud.
func (w consoleData) Playbook(name string) (text string, known bool) {
	content, err := fs.ReadFile(playbooks.Files, name)
	return string(content), err == nil
}

// Changes implements page.Cloud.
func (w consoleData) Changes(notify func()) (unsubscribe func()) {
	sources := []func(){w.daemon.store.Subscribe(notify), w.daemon.kubelet.Subscribe(notify), w.daemon.faults.watchers.Add(notify), w.daemon.monitoring.Subscribe(notify)}
	return func() {
		for _, leave := range sources {
			leave()
		}
	}
}

// State implements page.Cloud.
func (w consoleData) State() page.State {
	now := w.daemon.status()
	s := page.State{
		Edge: "https://" + now.Addresses["edge"], Conditions: now.Conditions(), Alerts: alerts(now.Monitoring),
		Monitoring: now.Monitoring.Prometheus, Pace: int(now.Monitoring.Pace),
	}
	for _, l := range layer.All() {
		s.Layers = append(s.Layers, page.Layer{
			Number: l.Number, Name: l.Name, Here: l.Here, Address: now.At(l), Declared: now.Declared(l.Number), Resources: []page.Resource{},
		})
	}
	for _, r := range w.daemon.store.List() {
		into := &s.Layers[layer.Of(r.Type)-1]
		into.Resources = append(into.Resources, page.Resource{
			Kind: r.Type[strings.LastIndex(r.Type, ":")+1:], Name: nameOf(r.URN, r.ID), Existing: r.URN == "",
		})
	}
	pods := &s.Layers[layer.Workload-1]
	for _, p := range now.Pods {
		pods.Resources = append(pods.Resources, podOf(p))
	}
	return s
}

// nameOf is a resource's name in the program, or the last part of its id.
func nameOf(urn, id string) string {
	if urn != "" {
		return urn[strings.LastIndex(urn, "::")+2:]
	}
	return short(id)
}

func podOf(p Pod) page.Resource {
	r := page.Resource{Kind: "Pod", Name: p.Name, Note: strings.ToLower(p.Phase)}
	switch {
	case p.Phase == "Running" && p.Ready:
		r.Note = "ready at " + p.IP
	case p.Phase == "Running":
		r.Note, r.Warning = "not ready: "+p.Message, true
	case p.Phase != "Succeeded" && p.Phase != "Pending":
		r.Note, r.Warning = p.Phase+": "+p.Message, true
	}
	if p.Restarts > 0 {
		r.Note += fmt.Sprintf(", %d restarts", p.Restarts)
	}
	return r
}
