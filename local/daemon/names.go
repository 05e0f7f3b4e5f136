package daemon

import (
	"context"
	"fmt"
	"net/netip"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/local/cluster/dns"
	"github.com/coditect-ai/license-platform/local/cluster/kubelet"
)

// namesPort is the port of the resolver.
const namesPort = 53

// serveNames opens the resolver, and enters the pod of kube-dns that policies
// know it by.
func (d *Daemon) serveNames(ctx context.Context, group *errgroup.Group) error {
	ip, err := d.kubelet.AllocateIP()
	if err != nil {
		return fmt.Errorf("find an address for kube-dns: %w", err)
	}
	opened := make(chan struct{})
	names := dns.New(d.zones)
	group.Go(func() error { return names.Serve(ctx, d.options.Plan.Names(), func() { close(opened) }) })
	select {
	case <-opened:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	d.kubelet.AddStatic(kubelet.Pod{
		Namespace: "kube-system", Name: "kube-dns-0", Labels: map[string]string{"k8s-app": "kube-dns"}, IP: ip,
		Ports: map[string]int32{"dns": namesPort, "dns-tcp": namesPort}, Protocols: map[string]corev1.Protocol{"dns": corev1.ProtocolUDP}, Ready: true, Phase: kubelet.Running,
	})
	return nil
}

// zones are the names that pods can resolve, as they are now.
func (d *Daemon) zones() []dns.Zone {
	var services []dns.Service
	for _, service := range d.services() {
		if address, err := netip.ParseAddr(service.Spec.ClusterIP); err == nil {
			services = append(services, dns.Service{Namespace: service.Namespace, Name: service.Name, Addresses: []netip.Addr{address}})
		}
	}
	zones := []dns.Zone{dns.Cluster(services)}
	for _, r := range d.store.List(gcp.TypeManagedZone) {
		zone := provider.Properties(r.Outputs)
		if zone.Text("visibility") != "private" {
			continue // what the internet resolves
		}
		made := dns.Zone{Domain: zone.Text("dnsName")}
		for _, set := range d.store.List(gcp.TypeRecordSet) {
			record := provider.Properties(set.Outputs)
			if short(record.Text("managedZone")) != zone.Text("name") {
				continue
			}
			ttl, _ := record.Number("ttl")
			made.Records = append(made.Records, dns.Record{
				Name: record.Text("name"), Type: record.Text("type"), TTL: uint32(ttl), Data: record.Texts("rrdatas"),
			})
		}
		zones = append(zones, made)
	}
	return zones
}
