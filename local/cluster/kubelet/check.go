package kubelet

import (
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
)

var errProbe = errors.New("only httpGet probes (HTTP) work on this machine")

// check refuses a pod that needs what this machine does not have, so that
// nothing declared is silently left out.
func check(spec corev1.PodSpec) error {
	switch {
	case len(spec.Containers) != 1:
		return fmt.Errorf("a pod has one container on this machine, not %d", len(spec.Containers))
	case len(spec.InitContainers) > 0:
		return errors.New("initContainers do not run on this machine")
	case len(spec.Volumes) > 0 || len(spec.Containers[0].VolumeMounts) > 0:
		return errors.New("volumes cannot be mounted on this machine")
	case spec.HostNetwork || spec.HostPID || spec.HostIPC:
		return errors.New("hostNetwork, hostPID and hostIPC are refused by Pod Security")
	}
	container := spec.Containers[0]
	if len(container.EnvFrom) > 0 {
		return fmt.Errorf("container %s: envFrom does not work on this machine", container.Name)
	}
	for _, variable := range container.Env {
		if from := variable.ValueFrom; from != nil && from.FieldRef == nil {
			return fmt.Errorf("container %s: env %s: of valueFrom only fieldRef works on this machine", container.Name, variable.Name)
		}
	}
	for name := range container.Resources.Limits {
		if name != corev1.ResourceMemory {
			return fmt.Errorf("container %s: of resources.limits only memory works on this machine, not %s", container.Name, name)
		}
	}
	for name, probe := range map[string]*corev1.Probe{"startupProbe": container.StartupProbe, "livenessProbe": container.LivenessProbe, "readinessProbe": container.ReadinessProbe} {
		if err := checkProbe(probe); err != nil {
			return fmt.Errorf("container %s: %s: %w", container.Name, name, err)
		}
	}
	if hooks := container.Lifecycle; hooks != nil {
		if hooks.PostStart != nil || (hooks.PreStop != nil && hooks.PreStop.Sleep == nil) {
			return fmt.Errorf("container %s: of the lifecycle hooks only preStop.sleep works on this machine", container.Name)
		}
	}
	return nil
}

func checkProbe(probe *corev1.Probe) error {
	switch {
	case probe == nil:
		return nil
	case probe.HTTPGet != nil && (probe.HTTPGet.Scheme == "" || probe.HTTPGet.Scheme == corev1.URISchemeHTTP):
		return nil
	default:
		return errProbe
	}
}

// userOf is who the container runs as: the container's own setting, the pod's,
// or the image's. ok is false when nothing names a number.
func userOf(spec corev1.PodSpec, img image) (id int64, ok bool) {
	if own := spec.Containers[0].SecurityContext; own != nil && own.RunAsUser != nil {
		return *own.RunAsUser, true
	}
	if shared := spec.SecurityContext; shared != nil && shared.RunAsUser != nil {
		return *shared.RunAsUser, true
	}
	if _, err := fmt.Sscanf(img.config.User, "%d", &id); err == nil {
		return id, true
	}
	return 0, img.config.User == "" // an image without a user runs as root
}

// checkUser is the kubelet's check of runAsNonRoot.
func checkUser(spec corev1.PodSpec, img image) error {
	nonRoot := spec.SecurityContext != nil && optional(spec.SecurityContext.RunAsNonRoot)
	if own := spec.Containers[0].SecurityContext; own != nil && own.RunAsNonRoot != nil {
		nonRoot = *own.RunAsNonRoot
	}
	id, numeric := userOf(spec, img)
	switch {
	case nonRoot && !numeric:
		return fmt.Errorf("container has runAsNonRoot and image has non-numeric user (%s), cannot verify user is non-root", img.config.User)
	case nonRoot && id == 0:
		return errors.New("container has runAsNonRoot and image will run as root")
	default:
		return nil
	}
}
