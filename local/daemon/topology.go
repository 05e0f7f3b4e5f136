package daemon

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/coditect-ai/license-platform/emulator/cloudide"
	"github.com/coditect-ai/license-platform/local/cluster/dataplane"
	"github.com/coditect-ai/license-platform/local/cluster/kubelet"
	"github.com/coditect-ai/license-platform/local/report/page"
	"github.com/coditect-ai/license-platform/local/scenario/fault"
)

// Kinds of a node, in the order of the columns in which they are drawn.
const (
	kindSource  = "source"
	kindPods    = "pods"
	kindService = "service"
)

// elsewhere is whatever is not declared, all of it together.
const elsewhere = "elsewhere"

// maxDenied limits the list of dropped connections.
const maxDenied = 50

// Topology implements page.Cloud.
func (w consoleData) Topology() page.Topology {
	d := w.daemon
	down := map[string]bool{}
	for _, fault := range d.faults.names() {
		down[fault] = true
	}
	t := topology(d.network.Reach(), d.kubelet.Pods(), d.networkServices(), down)
	t.Warning = d.network.Status().Warning
	return t
}

// topology draws what the policies allow between groups of pods, services and those
// who come from outside.
func topology(reach dataplane.Reach, pods []kubelet.Pod, services []dataplane.Service, down map[string]bool) page.Topology {
	nodes := map[string]page.Node{
		dataplane.FrontEnds: {ID: dataplane.FrontEnds, Kind: kindSource, Name: "load balancer", Where: "35.191.0.0/16, 130.211.0.0/22"},
		dataplane.Machine:   {ID: dataplane.Machine, Kind: kindSource, Name: "Prometheus", Where: "gmp-system: this machine"},
	}
	for _, p := range pods {
		if p.Phase == kubelet.Succeeded || p.Phase == kubelet.Failed || p.Terminating {
			continue
		}
		id := dataplane.GroupOf(p)
		n, known := nodes[id]
		if !known {
			n = podNode(id, p, down)
		}
		n.Total++
		if p.Ready {
			n.Ready++
		}
		nodes[id] = n
	}
	for _, s := range services {
		if !s.Behind.IsValid() {
			nodes[s.Name] = page.Node{ID: s.Name, Kind: kindService, Name: serviceLabel(s.Name), Where: s.Address.String(), Down: downService(s.Name, down), Foreign: strings.HasSuffix(s.Name, " "+cloudide.Database)}
		}
	}
	t := page.Topology{Nodes: []page.Node{}, Edges: []page.Edge{}, Denied: []page.Denied{}}
	edges := map[[2]string]*page.Edge{}
	edge := func(from, to string) *page.Edge {
		key := [2]string{from, to}
		if edges[key] == nil {
			edges[key] = &page.Edge{From: from, To: to, Ports: []string{}}
		}
		return edges[key]
	}
	used := map[string]bool{}
	for _, l := range reach.Links {
		if nodes[l.From].Kind == kindService || nodes[l.From].Kind == kindSource && nodes[l.To].Kind == kindService {
			continue // no policy is about kube-dns, which asks nobody, and whom nobody but pods asks
		}
		e := edge(l.From, l.To)
		e.Ports = append(e.Ports, fmt.Sprint(l.Port))
		used[l.From], used[l.To] = true, true
	}
	for _, drop := range reach.Drops {
		if _, known := nodes[drop.From]; !known { // who came for an attack only
			nodes[drop.From] = page.Node{ID: drop.From, Kind: kindSource, Name: drop.From[strings.LastIndex(drop.From, "/")+1:], Where: "is gone"}
		}
		to := drop.To
		if _, known := nodes[to]; !known {
			to = elsewhere
			nodes[to] = page.Node{ID: to, Kind: kindService, Name: to, Where: "not declared"}
		}
		e := edge(drop.From, to)
		e.Dropped += drop.Count
		e.Trial = drop.Trial
		used[drop.From], used[to] = true, true
		if len(t.Denied) < maxDenied {
			t.Denied = append(t.Denied, page.Denied{At: drop.Time, From: drop.From, To: drop.To, Text: drop.Text, Count: drop.Count, Trial: drop.Trial})
		}
	}
	for _, n := range nodes {
		if used[n.ID] || n.Kind == kindPods {
			t.Nodes = append(t.Nodes, n)
		}
	}
	slices.SortFunc(t.Nodes, func(a, b page.Node) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(order(a), order(b)), cmp.Compare(a.Name, b.Name))
	})
	for _, key := range slices.SortedFunc(maps.Keys(edges), func(a, b [2]string) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) }) {
		t.Edges = append(t.Edges, *edges[key])
	}
	return t
}

// order puts our own before what is others'.
func order(n page.Node) int {
	switch {
	case n.ID == dataplane.FrontEnds:
		return 0
	case n.Foreign:
		return 2
	default:
		return 1
	}
}

func podNode(id string, p kubelet.Pod, down map[string]bool) page.Node {
	n := page.Node{ID: id, Kind: kindPods, Name: id[strings.Index(id, "/")+1:], Where: p.Namespace}
	if p.Labels["k8s-app"] == "kube-dns" {
		n.Kind = kindService // everybody asks it, it asks nobody
		return n
	}
	n.Foreign = p.Owner == ""
	n.Down = !n.Foreign && down[fault.API]
	return n
}

// serviceLabel leaves out what a short label has no place for.
func serviceLabel(name string) string {
	for _, kind := range []string{"Memorystore ", "Cloud SQL "} {
		if strings.HasPrefix(name, kind) {
			return name
		}
	}
	return strings.TrimPrefix(strings.TrimPrefix(name, "Identity Platform's "), "the ")
}

func downService(name string, down map[string]bool) bool {
	return down[fault.Redis] && strings.HasPrefix(name, "Memorystore ") || down[fault.Postgres] && strings.HasPrefix(name, "Cloud SQL ") ||
		down[fault.KMS] && name == "Cloud KMS" || down[fault.Identity] && strings.HasPrefix(name, "Identity Platform")
}
