package kubelet

import (
	"context"
	"net"

	"github.com/coditect-ai/license-platform/local/host/process"
)

// Network is what pods are attached to.
type Network interface {
	// Start runs a container's program in the pod's network.
	Start(pod Pod, command process.Command) (*process.Process, error)
	// Probe opens a connection to a pod as its node does.
	Probe(ctx context.Context, network, address string) (net.Conn, error)
	// Explain returns what the network lately kept from a pod, if anything.
	Explain(namespace, name string) string
}

// machine is the network of the machine itself, on which nothing is kept from
// anybody.
type machine struct{ supervisor *process.Supervisor }

func (m machine) Start(_ Pod, command process.Command) (*process.Process, error) {
	return m.supervisor.Start(command)
}

func (m machine) Probe(ctx context.Context, network, address string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

func (m machine) Explain(string, string) string { return "" }

// with adds what the network kept from the pod to a message about it.
func (p *pod) with(message string) string {
	if kept := p.kubelet.config.Network.Explain(p.key.namespace, p.key.name); kept != "" {
		return message + "; " + kept
	}
	return message
}
