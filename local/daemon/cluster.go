package daemon

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/coditect-ai/license-platform/emulator/cloudide"
	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
	"github.com/coditect-ai/license-platform/local/cluster/dataplane"
	"github.com/coditect-ai/license-platform/local/cluster/kubelet"
	"github.com/coditect-ai/license-platform/local/cluster/metadata"
	"github.com/coditect-ai/license-platform/local/scenario/stub"
)

// serveCluster runs what a cluster has by itself: the IDE's pods, the resolver,
// and the metadata server of the nodes.
func (d *Daemon) serveCluster(ctx context.Context, group *errgroup.Group) error {
	listen := func(pod kubelet.Pod, port int32) (net.Listener, error) {
		guest, err := d.network.Join(pod)
		if err != nil {
			return nil, err
		}
		group.Go(func() error {
			select {
			case <-guest.Done():
				d.report(fmt.Sprintf("the Cloud IDE's pod %s/%s has ended", pod.Namespace, pod.Name))
			case <-ctx.Done():
			}
			return nil
		})
		return guest.Listen(port)
	}
	if err := stub.Serve(ctx, group, d.kubelet, listen); err != nil {
		return err
	}
	if err := d.serveNames(ctx, group); err != nil {
		return err
	}
	return d.serveMetadata(ctx, group)
}

// services are the cluster's. What cannot be read is left out: the provider has
// checked it.
func (d *Daemon) services() (all []corev1.Service) {
	for _, r := range d.store.List(kubernetes.TypeService) {
		var service corev1.Service
		if err := object(r, &service); err == nil {
			all = append(all, service)
		}
	}
	return all
}

// clusterServices are the addresses of the cluster's Services, with the pods
// behind them, and of its nodes' metadata server and resolver.
func (d *Daemon) clusterServices() []dataplane.Service {
	plan, resolver := d.options.Plan, netip.AddrPortFrom(netip.MustParseAddr(cloudide.Names), namesPort)
	all := []dataplane.Service{{Name: "the metadata server", Address: metadata.Address(), At: plan.Metadata()}}
	pods := d.kubelet.Pods()
	for _, pod := range pods {
		if pod.Labels["k8s-app"] == "kube-dns" {
			// Pods may ask the Service or the pod itself; NodeLocal DNSCache takes the place
			// of the former on the node and counts as the latter.
			self := netip.AddrPortFrom(pod.IP, namesPort)
			all = append(all, dataplane.Service{Name: "kube-dns", Address: resolver, Behind: self, At: plan.Names(), Packets: true},
				dataplane.Service{Name: "kube-dns", Address: self, Behind: self, At: plan.Names(), Packets: true})
		}
	}
	for _, service := range d.services() {
		for _, port := range service.Spec.Ports {
			address, err := netip.ParseAddr(service.Spec.ClusterIP)
			if behind, ok := endpoint(service, port.TargetPort, pods); err == nil && ok {
				all = append(all, dataplane.Service{
					Name: "Service " + service.Name, Address: netip.AddrPortFrom(address, uint16(port.Port)), Behind: behind,
				})
			}
		}
	}
	return all
}

// endpoint is the first ready pod of a Service, and its port.
func endpoint(service corev1.Service, target intstr.IntOrString, pods []kubelet.Pod) (netip.AddrPort, bool) {
	if len(service.Spec.Selector) == 0 {
		return netip.AddrPort{}, false
	}
	chosen := labels.SelectorFromSet(service.Spec.Selector)
	for _, pod := range pods {
		if pod.Namespace != service.Namespace || !pod.Ready || !pod.IP.IsValid() || !chosen.Matches(labels.Set(pod.Labels)) {
			continue
		}
		port := target.IntVal
		if target.Type == intstr.String {
			port = pod.Ports[target.StrVal]
		}
		return netip.AddrPortFrom(pod.IP, uint16(port)), port != 0
	}
	return netip.AddrPort{}, false
}
