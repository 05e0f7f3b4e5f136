package dataplane

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/coditect-ai/license-platform/local/cluster/kubelet"
)

// Parties that are not pods.
const (
	// FrontEnds are the load balancer's front ends and health checks.
	FrontEnds = "front ends"
	// Machine is any process of this machine, which counts as managed Prometheus.
	Machine = "this machine"
)

// Reach is who may talk to whom by the policies as they are now. A party is a group
// of pods (GroupOf), FrontEnds, Machine, or the name of a Service.
type Reach struct {
	// Links are what is allowed, by their ends and ports.
	Links []Link
	// Drops are the latest denials, also those of the embedded cloud's own attacks, the
	// newest first.
	Drops []Drop
}

// Link is a connection that the policies allow.
type Link struct {
	From, To string
	Port     uint16
}

// Drop is a connection that was denied.
type Drop struct {
	From, To string
	// Time is when it last happened, Count how often it did.
	Time  time.Time
	Count int
	// Text says by which policies.
	Text string
	// Trial says that an attack of the embedded cloud's own tried it.
	Trial bool
}

// podSuffix is what a Deployment's pods have after its name, and static ones after
// theirs.
var podSuffix = regexp.MustCompile(`(-[a-z0-9]{6,10}-[a-z0-9]{5}|-[0-9]+)$`)

// GroupOf names the pods that belong together, "namespace/owner".
func GroupOf(p kubelet.Pod) string {
	if _, owner, owned := strings.Cut(p.Owner, "/"); owned {
		return p.Namespace + "/" + owner
	}
	return groupOf(p.Namespace + "/" + p.Name)
}

func groupOf(pod string) string { return podSuffix.ReplaceAllString(pod, "") }

// Reach tells who may talk to whom.
func (d *Dataplane) Reach() Reach {
	pods, groups := d.config.Pods(), map[string]kubelet.Pod{}
	of := map[string]string{} // pod → group
	for _, p := range pods {
		of[p.Namespace+"/"+p.Name] = GroupOf(p)
		if _, known := groups[GroupOf(p)]; !known && p.IP.IsValid() {
			groups[GroupOf(p)] = p
		}
	}
	party := func(e end) string {
		switch {
		case e.name == frontEnds().name:
			return FrontEnds
		case e.name == localProcess().name:
			return Machine
		case e.pod == "":
			return cmp.Or(e.service, e.name)
		case of[e.pod] != "":
			return of[e.pod]
		default:
			return groupOf(e.pod) // it is gone
		}
	}
	found := map[Link]bool{}
	ask := func(w want) {
		link := Link{party(w.from), party(w.to), w.port}
		if link.From == link.To || found[link] {
			return
		}
		if why, _ := d.evaluate(w); why == "" {
			found[link] = true
		}
	}
	for _, p := range groups {
		for to := range d.destinations(p) {
			ask(d.leaving(p, to))
		}
		for _, port := range p.Ports {
			for _, from := range []end{frontEnds(), localProcess()} {
				ask(want{from: from, to: podEnd(p), protocol: corev1.ProtocolTCP, port: uint16(port)})
			}
		}
	}
	r := Reach{Links: []Link{}, Drops: []Drop{}}
	for link := range found {
		r.Links = append(r.Links, link)
	}
	slices.SortFunc(r.Links, func(a, b Link) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.Port, b.Port))
	})
	for _, kept := range []struct {
		journal *journal
		trial   bool
	}{{d.journal, false}, {d.tried, true}} {
		for _, denial := range kept.journal.latest() {
			if time.Since(denial.Time) < shown {
				r.Drops = append(r.Drops, Drop{party(denial.want.from), party(denial.want.to), denial.Time, denial.Count, denial.Text, kept.trial})
			}
		}
	}
	slices.SortStableFunc(r.Drops, func(a, b Drop) int { return b.Time.Compare(a.Time) })
	return r
}
