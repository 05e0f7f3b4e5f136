package kubelet

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/coditect-ai/license-platform/local/host/process"
)

// The phases of a pod, as kubectl shows them.
const (
	Pending          = "Pending"
	Running          = "Running"
	Succeeded        = "Succeeded"
	Failed           = "Failed"
	CrashLoopBackOff = "CrashLoopBackOff"
)

// Pod is one pod as it is now.
type Pod struct {
	Namespace string
	Name      string
	Labels    map[string]string
	// Owner is "Deployment/NAME", "Job/NAME", or empty for a static pod.
	Owner string
	// ServiceAccount is the Kubernetes service account it runs as.
	ServiceAccount string
	// IP is its address, invalid once a Job's pod has ended.
	IP netip.Addr
	// Ports maps the names of container ports to their numbers.
	Ports map[string]int32
	// Protocols are the protocols of the named ports that do not use TCP.
	Protocols map[string]corev1.Protocol
	// Ready says that its probes pass. A pod that is Terminating keeps it while
	// it still answers; a load balancer sends it nothing new.
	Ready       bool
	Terminating bool
	// Phase is Pending, Running, Succeeded, Failed or CrashLoopBackOff.
	Phase    string
	Restarts int
	// Message says why it is not ready.
	Message string
	// PID is the process id, 0 when none runs.
	PID     int
	LogPath string
	// Container is the name of its container.
	Container string
}

type podKey struct{ namespace, name string }

func (k podKey) String() string { return key(k.namespace, k.name) }

// stopMode is how a pod is ended.
type stopMode int

const (
	graceful stopMode = iota // preStop, SIGTERM, and the whole grace period
	fast                     // SIGTERM at once
)

// pod is a pod of a Deployment or a Job. Its runner goroutine alone writes the
// fields below "now", with the kubelet's lock held.
type pod struct {
	kubelet  *Kubelet
	key      podKey
	uid      string
	serial   int // in the order of creation
	owner    string
	template corev1.PodTemplateSpec
	hash     string
	restarts bool // after it ended, as a Deployment's pods do
	address  netip.Addr
	logPath  string

	running context.Context // until it is asked to end
	stop    context.CancelFunc
	patient context.Context // until it is asked to hurry
	hurry   context.CancelFunc
	gone    chan struct{}

	// now
	terminating        bool
	phase              string
	ready              bool
	restartCount       int
	failedPreparations int // how often preparing failed in a row
	message            string
	process            *process.Process
	alive              bool
}

// startPod makes a pod and lets it run. It is called with the lock held.
func (k *Kubelet) startPod(owner string, key podKey, template corev1.PodTemplateSpec, hash string, restarts bool) (*pod, error) {
	if k.closed {
		return nil, errClosed
	}
	address, err := k.addresses.take()
	if err != nil {
		return nil, err
	}
	p := &pod{
		kubelet: k, key: key, owner: owner, template: template, hash: hash, restarts: restarts, address: address, phase: Pending,
		uid:     fmt.Sprintf("%016x-%s", rand.Uint64(), key.name),
		logPath: filepath.Join(k.config.Dir, "logs", "pods", key.namespace+"_"+key.name+".log"),
		gone:    make(chan struct{}), message: "ContainerCreating",
	}
	p.serial = k.nextID
	k.nextID++
	p.running, p.stop = context.WithCancel(context.Background())
	p.patient, p.hurry = context.WithCancel(context.Background())
	k.pods[key.String()] = p
	k.runners.Go(p.run)
	k.touch()
	return p, nil
}

// end asks the pod to end. It is called with the lock held and may be repeated.
func (p *pod) end(mode stopMode) {
	p.terminating = true
	if mode == fast {
		p.hurry()
	}
	p.stop()
	p.kubelet.touch()
}

// status is called with the lock held.
func (p *pod) status() Pod {
	s := Pod{
		Namespace: p.key.namespace, Name: p.key.name, Labels: maps.Clone(p.template.Labels), Owner: p.owner,
		ServiceAccount: p.template.Spec.ServiceAccountName, IP: p.address, Ports: p.ports(), Protocols: p.protocols(),
		Ready: p.ready, Terminating: p.terminating, Phase: p.phase, Restarts: p.restartCount, Message: p.message, LogPath: p.logPath,
		Container: p.container().Name,
	}
	if p.alive {
		s.PID = p.process.PID()
	}
	return s
}

func (p *pod) ports() map[string]int32 {
	ports := map[string]int32{}
	for _, port := range p.container().Ports {
		ports[port.Name] = port.ContainerPort
	}
	return ports
}

func (p *pod) protocols() map[string]corev1.Protocol {
	protocols := map[string]corev1.Protocol{}
	for _, port := range p.container().Ports {
		if port.Protocol != "" && port.Protocol != corev1.ProtocolTCP {
			protocols[port.Name] = port.Protocol
		}
	}
	return protocols
}

func (p *pod) container() corev1.Container { return p.template.Spec.Containers[0] }

// tail is what a failing pod said last. It is called with the lock held.
func (p *pod) tail() string {
	if p.process == nil {
		return p.message
	}
	return p.with(p.message) + "\n" + p.process.Tail(20)
}

// gracePeriod is how long the pod has to end, preStop included.
func (p *pod) gracePeriod() time.Duration {
	if given := p.template.Spec.TerminationGracePeriodSeconds; given != nil {
		return time.Duration(*given) * time.Second
	}
	return 30 * time.Second
}

// suffix is random, without vowels, as in the names of real pods.
func suffix() string {
	const letters = "bcdfghjklmnpqrstvwxz2456789"
	text := make([]byte, 5)
	for i := range text {
		text[i] = letters[rand.IntN(len(letters))]
	}
	return string(text)
}
