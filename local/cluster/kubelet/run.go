package kubelet

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/coditect-ai/license-platform/local/host/process"
)

// How long the kubelet waits before it starts a container again. It is shorter
// than in a cluster (10 s to 5 min), so that nobody waits for a local fault to
// heal.
const (
	firstBackoff = time.Second
	maxBackoff   = 30 * time.Second
	// backoffReset is how long a container has to run before the back-off is reset.
	backoffReset = time.Minute
)

// maxFailedPreparations is how often a pod that is not restarted may fail to be
// prepared (image, environment) before it has failed.
const maxFailedPreparations = 3

// fastGracePeriod is the grace period when the kubelet itself is closed.
const fastGracePeriod = 5 * time.Second

// prepared is all that starting the container takes.
type prepared struct {
	command process.Command
	prober  *prober
}

// run is the pod's life.
func (p *pod) run() {
	defer p.finish()
	ready, ok := p.prepare()
	if !ok {
		return
	}
	backoff := firstBackoff
	for {
		began := time.Now()
		code := p.runOnce(ready)
		if p.running.Err() != nil || !p.restarts {
			p.conclude(code)
			return
		}
		if time.Since(began) > backoffReset {
			backoff = firstBackoff
		}
		p.set(func() {
			p.phase, p.ready = CrashLoopBackOff, false
			p.restartCount++
		})
		if !sleep(p.running, backoff) {
			return
		}
		backoff = min(2*backoff, maxBackoff)
	}
}

// set changes the pod's state and tells everybody.
func (p *pod) set(edit func()) { p.kubelet.change(edit) }

// prepare pulls the image and computes the environment, again and again until
// it works or the pod is asked to end.
func (p *pod) prepare() (prepared, bool) {
	for {
		ready, err := p.tryPrepare()
		if err == nil {
			p.set(func() { p.failedPreparations = 0 })
			return ready, true
		}
		if p.running.Err() != nil {
			return prepared{}, false
		}
		p.kubelet.config.Log.Warn("a pod cannot be started", "namespace", p.key.namespace, "pod", p.key.name, "error", err)
		var givesUp bool
		p.set(func() {
			p.failedPreparations++
			p.message = err.Error()
			if givesUp = !p.restarts && p.failedPreparations >= maxFailedPreparations; givesUp {
				p.phase = Failed
			}
		})
		if givesUp || !sleep(p.running, firstBackoff) {
			return prepared{}, false
		}
	}
}

func (p *pod) tryPrepare() (prepared, error) {
	container := p.container()
	img, err := p.kubelet.images.pull(p.running, container.Image)
	if err != nil {
		return prepared{}, fmt.Errorf("ErrImagePull: %w", err)
	}
	if err := checkUser(p.template.Spec, img); err != nil {
		return prepared{}, fmt.Errorf("CreateContainerConfigError: %w", err)
	}
	declared, err := p.environment(container)
	if err != nil {
		return prepared{}, fmt.Errorf("CreateContainerConfigError: %w", err)
	}
	program, arguments, err := img.command(expandAll(container.Command, declared), expandAll(container.Args, declared))
	if err != nil {
		return prepared{}, fmt.Errorf("RunContainerError: %w", err)
	}
	all := img.environment(p.key.name)
	for name, value := range declared {
		all[name] = value
	}
	user, _ := userOf(p.template.Spec, img)
	return prepared{
		command: process.Command{
			Name: "pod-" + p.key.namespace + "_" + p.key.name, Path: program, Args: arguments, Env: all.list(), Dir: img.root, LogPath: p.logPath,
			Grace: max(p.gracePeriod(), time.Millisecond), Unprivileged: true, UserID: int(user),
			Root: img.root, RootFiles: p.files(), Hostname: p.key.name,
		},
		prober: newProber(p.address, p.ports(), p.kubelet.config.Network.Probe),
	}, nil
}

func expandAll(words []string, known variables) []string {
	var expanded []string
	for _, word := range words {
		expanded = append(expanded, expand(word, known))
	}
	return expanded
}

// runOnce starts the container and returns its exit code once it has ended, by
// itself, because it is unhealthy, or because the pod is asked to end.
func (p *pod) runOnce(ready prepared) int {
	p.kubelet.mu.Lock()
	self := p.status()
	p.kubelet.mu.Unlock()
	started, err := p.kubelet.config.Network.Start(self, ready.command)
	if err != nil {
		p.kubelet.config.Log.Warn("a container cannot be started", "namespace", p.key.namespace, "pod", p.key.name, "error", err)
		p.set(func() { p.message = "RunContainerError: " + err.Error() })
		return 128
	}
	container := p.container()
	p.set(func() {
		p.process, p.alive, p.phase = started, true, Running
		p.message = "the container is not ready yet"
	})
	p.kubelet.config.Log.Info("a container started", "namespace", p.key.namespace, "pod", p.key.name, "ip", p.address.String(), "pid", started.PID())
	probing, stopProbing := context.WithCancel(p.running)
	unhealthy, over := make(chan error, 1), make(chan error, 1)
	var probes sync.WaitGroup
	probes.Go(func() { watchMemory(probing, started.PID(), container, over) })
	probes.Go(func() { p.probe(probing, ready.prober, container, unhealthy) })
	why := ""
	select {
	case <-started.Done():
	case err := <-unhealthy:
		why = err.Error()
		p.kubelet.config.Log.Warn("a container is unhealthy and is restarted", "namespace", p.key.namespace, "pod", p.key.name, "why", why)
		started.Stop(p.patient)
	case err := <-over:
		why = err.Error()
		p.kubelet.config.Log.Warn("a container takes more memory than its limit and is restarted", "namespace", p.key.namespace, "pod", p.key.name, "why", why)
		started.Kill()
		<-started.Done()
	case <-p.running.Done():
		p.terminate(started, container)
	}
	stopProbing()
	probes.Wait()
	code := started.ExitCode()
	if why == "" {
		why = fmt.Sprintf("the container ended with code %d", code)
	}
	p.set(func() { p.alive, p.ready, p.message = false, false, why })
	return code
}

// probe asks the container as it declares: startup first, then liveness and
// readiness side by side. Without a readiness probe it is ready at once.
func (p *pod) probe(ctx context.Context, prober *prober, container corev1.Container, unhealthy chan<- error) {
	report := func(kind string) func(bool, error) {
		return func(passing bool, why error) {
			if !passing {
				select {
				case unhealthy <- fmt.Errorf("%s probe failed: %w", kind, why):
				default: // it is being restarted already
				}
			}
		}
	}
	if container.StartupProbe != nil && !p.awaitStartup(ctx, prober, container.StartupProbe, report("startup")) {
		return
	}
	var probes sync.WaitGroup
	if container.LivenessProbe != nil {
		probes.Go(func() { prober.watch(ctx, container.LivenessProbe, report("liveness")) })
	}
	if container.ReadinessProbe == nil {
		p.setReady(true, nil)
	} else {
		probes.Go(func() { prober.watch(ctx, container.ReadinessProbe, p.setReady) })
	}
	probes.Wait()
}

// awaitStartup returns true once the startup probe has passed.
func (p *pod) awaitStartup(ctx context.Context, prober *prober, probe *corev1.Probe, report func(bool, error)) bool {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	passed := false
	prober.watch(ctx, probe, func(passing bool, why error) {
		passed = passing
		report(passing, why)
		cancel()
	})
	return passed
}

func (p *pod) setReady(ready bool, why error) {
	p.set(func() {
		p.ready, p.message = ready, ""
		if !ready {
			p.message = p.with(fmt.Sprintf("readiness probe failed: %v", why))
		}
	})
}

// terminate ends the container as a kubelet does: it sleeps for the time of preStop,
// while the container still serves, sends SIGTERM and, at the end of the grace period,
// SIGKILL.
func (p *pod) terminate(running *process.Process, container corev1.Container) {
	deadline := time.Now().Add(p.gracePeriod())
	if hooks := container.Lifecycle; hooks != nil && hooks.PreStop != nil && hooks.PreStop.Sleep != nil {
		pause := min(time.Duration(hooks.PreStop.Sleep.Seconds)*time.Second, p.gracePeriod())
		ctx, cancel := context.WithTimeout(p.patient, pause)
		select {
		case <-running.Done():
		case <-ctx.Done():
		}
		cancel()
	}
	// A container always gets a moment after SIGTERM, as in a cluster.
	ctx, cancel := context.WithDeadline(context.Background(), deadline.Add(2*time.Second))
	defer cancel()
	hurry := context.AfterFunc(p.patient, func() { time.AfterFunc(fastGracePeriod, cancel) })
	defer hurry()
	running.Stop(ctx)
}

// conclude records how a pod ended that is not restarted.
func (p *pod) conclude(code int) {
	p.set(func() {
		p.phase = Succeeded
		if code != 0 {
			p.phase = Failed
		}
	})
}

// finish gives back what the pod held.
func (p *pod) finish() {
	p.stop()
	p.hurry()
	p.kubelet.addresses.release(p.address)
	p.kubelet.change(func() { delete(p.kubelet.pods, p.key.String()) })
	close(p.gone)
}
