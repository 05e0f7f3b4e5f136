// Package kubelet runs Deployments and Jobs as processes of this machine, each
// pod with an address of its own.
package kubelet

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/netip"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"

	"github.com/coditect-ai/license-platform/local/process"
)

// Config is what a kubelet needs.
type Config struct {
	// Dir receives the extracted images (run/DIGEST) and pod logs
	// (logs/pods/NAMESPACE_POD.log).
	Dir string
	// PodRange is the range that pod addresses are taken from.
	PodRange netip.Prefix
	// Registry is the only registry that images are pulled from, host:port over
	// HTTPS, for example 127.77.8.13:5000. An image of another host is refused.
	Registry string
	// CA verifies the registry's certificate.
	CA *x509.CertPool
	// Secret and ConfigMap return an object's entries, false when it does not
	// exist. They may be nil when no pod refers to one.
	Secret    func(namespace, name string) (map[string][]byte, bool)
	ConfigMap func(namespace, name string) (map[string]string, bool)
	// Supervisor runs the processes.
	Supervisor *process.Supervisor
	// Log receives what happens to pods; never what a secret holds.
	Log *slog.Logger
}

// Pod is one running pod.
type Pod struct {
	Namespace string
	Name      string
	Labels    map[string]string
	// Owner is "Deployment/NAME", "Job/NAME", or empty for a static pod.
	Owner string
	// ServiceAccount is the Kubernetes service account it runs as.
	ServiceAccount string
	IP             netip.Addr
	// Ports maps the names of container ports to their numbers.
	Ports map[string]int32
	// Ready says that its probes pass; Terminating that it is being stopped.
	Ready       bool
	Terminating bool
	// Phase is Pending, Running, Succeeded, Failed or CrashLoopBackOff.
	Phase    string
	Restarts int
	// Message says why it is not ready.
	Message string
	PID     int
	LogPath string
}

// Status is the state of a Deployment.
type Status struct {
	// Desired, Updated, Ready count pods: declared, of the newest template, and
	// those of the newest template that are ready.
	Desired, Updated, Ready int
	// Total counts all pods, old ones and terminating ones included.
	Total int
	// Message says what keeps it from being complete, empty when it is.
	Message string
}

// Complete says that the rollout is over: every pod is of the newest template
// and ready, and no other is left.
func (s Status) Complete() bool {
	return s.Updated == s.Desired && s.Ready == s.Desired && s.Total == s.Desired
}

// Kubelet is safe for concurrent use.
type Kubelet struct{}

var errNotBuilt = errors.New("not built yet")

// New returns a kubelet without pods.
func New(config Config) (*Kubelet, error) { return nil, errNotBuilt }

// Close stops every pod and waits for it, without the preStop sleep.
func (k *Kubelet) Close() error { return errNotBuilt }

// ApplyDeployment creates or updates a Deployment and returns at once; the
// rollout goes on in the background. An image that cannot be run here is an error.
func (k *Kubelet) ApplyDeployment(ctx context.Context, d *appsv1.Deployment) error {
	return errNotBuilt
}

// WaitDeployment returns when the rollout is complete. When progressDeadlineSeconds
// (600 by default) pass, a pod crashes repeatedly, or ctx ends, the error carries the
// last log lines of the pod that fails.
func (k *Kubelet) WaitDeployment(ctx context.Context, namespace, name string) error {
	return errNotBuilt
}

// DeploymentStatus returns the state of a Deployment, false when it does not exist.
func (k *Kubelet) DeploymentStatus(namespace, name string) (Status, bool) { return Status{}, false }

// DeleteDeployment stops the pods, gracefully, and returns when their processes
// are gone; what does not exist is no error.
func (k *Kubelet) DeleteDeployment(ctx context.Context, namespace, name string) error {
	return errNotBuilt
}

// RunJob runs a Job's pod until it succeeds, at most backoffLimit+1 times. The
// error of a failed Job carries the last log lines.
func (k *Kubelet) RunJob(ctx context.Context, j *batchv1.Job) error { return errNotBuilt }

// DeleteJob stops a Job's pod and forgets the Job.
func (k *Kubelet) DeleteJob(ctx context.Context, namespace, name string) error { return errNotBuilt }

// RestartPods stops the pods of a Deployment abruptly (for fault drills); the
// kubelet starts them again as after a crash.
func (k *Kubelet) RestartPods(namespace, name string) error { return errNotBuilt }

// Pods lists all pods, by namespace and name.
func (k *Kubelet) Pods() []Pod { return nil }

// AddStatic adds a pod that something else runs, or replaces it by namespace and
// name. Its address has to be allocated by the caller, outside of PodRange or by
// AllocateIP.
func (k *Kubelet) AddStatic(p Pod) {}

// RemoveStatic removes a pod that AddStatic added.
func (k *Kubelet) RemoveStatic(namespace, name string) {}

// AllocateIP takes a free address out of PodRange.
func (k *Kubelet) AllocateIP() (netip.Addr, error) { return netip.Addr{}, errNotBuilt }

// Subscribe calls notify after every change of a pod, until the returned
// function is called. notify must not block.
func (k *Kubelet) Subscribe(notify func()) (unsubscribe func()) { return func() {} }
