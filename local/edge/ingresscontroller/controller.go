package ingresscontroller

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
)

// LoadBalancer is what serves the configuration.
type LoadBalancer interface {
	Update(config loadbalancer.Config) error
}

// Options are what a load balancer's controller works on.
type Options struct {
	// Store holds the declared resources.
	Store Resources
	// Pods lists the pods. When it also has a method Subscribe(func()) func(), as
	// the kubelet has, a change of pods is seen at once and not only when polled.
	Pods Pods
	// LoadBalancer serves.
	LoadBalancer LoadBalancer
	// Armor makes the guards of Cloud Armor policies.
	Armor Armor
	// Logger logs every stall and every recovery; nil logs nothing.
	Logger *slog.Logger
	// Provision is how long Google takes to issue a certificate: 0 means none, in
	// which a real one takes up to an hour.
	Provision time.Duration
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Poll is how often the pods are looked at; 0 means 200 ms.
	Poll time.Duration
}

// Controller keeps a load balancer in step with the declared resources. It is safe
// for concurrent use.
type Controller struct {
	options Options

	mu       sync.Mutex // one pass at a time
	guards   guards
	proxy    proxy
	lastGood *plan  // the last translation without a problem
	applied  string // fingerprint of what the load balancer serves
	status   Status
}

// Status is how far the load balancer is synced.
type Status struct {
	// Ingress is the Ingress that has the edge address, "namespace/name"; empty
	// when there is none.
	Ingress string `json:"ingress,omitempty"`
	// Synced is true when the load balancer serves what is declared.
	Synced bool `json:"synced"`
	// Problems say what stalls the sync, one a line; the last good configuration
	// keeps serving meanwhile.
	Problems []string `json:"problems,omitempty"`
	// Warnings say what is wrong with the Ingress and does not stall the sync, as the
	// events of an Ingress do.
	Warnings []string `json:"warnings,omitempty"`
	// Ignored says which Ingresses are not served, and why.
	Ignored []string `json:"ignored,omitempty"`
	// Since is when this state began.
	Since time.Time `json:"since"`
}

// New makes a controller; Run or Sync makes it work.
func New(o Options) *Controller {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Poll <= 0 {
		o.Poll = 200 * time.Millisecond
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Controller{
		options: o, applied: "nothing yet", proxy: proxy{certificates: newCertificates(o.Provision, o.Now)},
		guards: guards{armor: o.Armor, made: map[string]guarded{}},
	}
}

// Status returns the outcome of the latest pass.
func (c *Controller) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status
}

// Sync does one pass now and returns its outcome.
func (c *Controller) Sync() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	next := Status{}
	w, err := read(c.options.Store)
	if err == nil {
		var ingress *networkingv1.Ingress
		ingress, next.Ignored = choose(w.ingresses)
		err = c.plan(w, ingress, &next)
	}
	if serveErr := c.serve(); err == nil {
		err = serveErr
	}
	next.Synced = err == nil
	if err != nil {
		next.Problems = strings.Split(err.Error(), "\n")
	}
	c.note(next)
	return c.status
}

// plan replaces the good plan, or keeps it when the Ingress has a problem.
func (c *Controller) plan(w declaredResources, ingress *networkingv1.Ingress, next *Status) error {
	if ingress == nil {
		c.lastGood = &plan{} // the Ingress is gone, and with it its load balancer
		c.proxy.tls, c.proxy.sslPolicy = loadbalancer.TLSPolicy{}, ""
		c.guards.forget(nil)
		return nil
	}
	next.Ingress = ingress.Namespace + "/" + ingress.Name
	refreshed := c.guards.refresh(w)
	c.proxy.certificates.follow(w.certificates)
	translated, err := translate(w, *ingress, &c.guards, &c.proxy)
	if err = errors.Join(append(refreshed, err)...); err != nil {
		return err
	}
	c.lastGood, next.Warnings = translated, translated.warnings
	c.guards.forget(translated.guards)
	return nil
}

// serve gives the good plan with the pods of now to the load balancer, when it
// differs from what is served.
func (c *Controller) serve() error {
	if c.lastGood == nil {
		return nil
	}
	config, pods := c.lastGood.config, c.options.Pods.Pods()
	config.Backends = slices.Clone(config.Backends)
	for i := range config.Backends {
		config.Backends[i].Endpoints = c.lastGood.targets[config.Backends[i].Name].endpoints(pods)
	}
	text, err := json.Marshal([]any{config, c.lastGood.guards})
	if err != nil {
		return fmt.Errorf("compare the load balancer's configuration: %w", err)
	}
	if string(text) == c.applied {
		return nil
	}
	if err := c.options.LoadBalancer.Update(config); err != nil {
		return fmt.Errorf("configure the load balancer: %w", err)
	}
	c.applied = string(text)
	return nil
}

// note keeps the status and tells what changed.
func (c *Controller) note(next Status) {
	same := next.Ingress == c.status.Ingress && next.Synced == c.status.Synced &&
		slices.Equal(next.Problems, c.status.Problems) && slices.Equal(next.Ignored, c.status.Ignored) &&
		slices.Equal(next.Warnings, c.status.Warnings)
	if same {
		return
	}
	next.Since = time.Now()
	c.status = next
	for _, why := range next.Warnings {
		c.options.Logger.Warn("the Ingress has a fault that does not stop the sync", "ingress", next.Ingress, "why", why)
	}
	for _, why := range next.Ignored {
		c.options.Logger.Warn("an Ingress is not served", "why", why)
	}
	if next.Synced {
		c.options.Logger.Info("the load balancer is synced", "ingress", next.Ingress)
		return
	}
	c.options.Logger.Error("the load balancer's sync stalls; the last good configuration keeps serving",
		"ingress", next.Ingress, "problems", next.Problems)
}

// Run keeps the load balancer in step until ctx ends, and returns nil then.
func (c *Controller) Run(ctx context.Context) error {
	poke := make(chan struct{}, 1)
	notify := func() {
		select {
		case poke <- struct{}{}:
		default:
		}
	}
	defer c.options.Store.Subscribe(notify)()
	if live, ok := c.options.Pods.(interface {
		Subscribe(notify func()) (unsubscribe func())
	}); ok {
		defer live.Subscribe(notify)()
	}
	poll := time.NewTicker(c.options.Poll)
	defer poll.Stop()
	c.Sync()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-poll.C:
			c.pods()
		case <-poke:
			// One declared change is often several writes: handle them together.
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(settle):
			}
			c.Sync()
		}
	}
}

// settle is how long a pass waits for the writes that follow the first.
const settle = 25 * time.Millisecond

// pods serves the pods of now without reading the resources again. An error is
// told once, by the pass that notes it in the status.
func (c *Controller) pods() {
	c.mu.Lock()
	err := c.serve()
	same := err == nil || strings.Contains(strings.Join(c.status.Problems, "\n"), err.Error())
	if c.lastGood != nil && c.proxy.certificates.due(c.lastGood.config.Certificates) {
		same = false
	}
	c.mu.Unlock()
	if !same {
		c.Sync()
	}
}
