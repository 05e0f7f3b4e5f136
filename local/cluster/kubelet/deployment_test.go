package kubelet_test

import (
	"context"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/local/cluster/kubelet"
)

func TestPodsComeUpEachWithItsOwnAddressAndOnlyTheEnvironmentDeclared(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	d := w.deployment(2, corev1.EnvVar{Name: "LITERAL", Value: "$$(POD_IP) $(UNKNOWN) 100%"})
	d.Spec.Template.Spec.SecurityContext = &corev1.PodSecurityContext{RunAsNonRoot: new(true)}
	began := time.Now()

	w.up(t, d)

	t.Logf("two pods ready after %s", time.Since(began))
	pods := w.serving()
	require.Len(t, pods, 2)
	assert.NotEqual(t, pods[0].IP, pods[1].IP)
	for _, p := range pods {
		body, err := get(t.Context(), p, "/env")
		require.NoError(t, err)
		var env []string
		require.NoError(t, json.Unmarshal([]byte(body), &env))
		root := env[slices.IndexFunc(env, func(v string) bool { return strings.HasPrefix(v, "SSL_CERT_FILE=") })]
		assert.ElementsMatch(t, []string{
			"POD_IP=" + p.IP.String(), "LISTEN_ADDRESS=" + p.IP.String() + ":8000",
			"LITERAL=$(POD_IP) $(UNKNOWN) 100%", "HOSTNAME=" + p.Name, "HOME=/", root,
			"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		}, env)
		said, err := os.ReadFile(p.LogPath)
		require.NoError(t, err)
		if os.Getuid() == 0 {
			assert.Contains(t, string(said), "uid 65532", "the image's user")
		}
		assert.Equal(t, "license-api", p.ServiceAccount)
		assert.Equal(t, map[string]string{"app": "license-api"}, p.Labels)
	}

	require.NoError(t, w.DeleteDeployment(t.Context(), namespace, "license-api"))
	for _, p := range pods {
		assert.False(t, alive(p.PID), "the process is gone")
		said, err := os.ReadFile(p.LogPath)
		require.NoError(t, err)
		assert.Contains(t, string(said), "asked to end")
	}
	assert.Empty(t, w.Pods())
	require.NoError(t, w.DeleteDeployment(t.Context(), namespace, "license-api"), "twice is no error")
}

func TestARollingUpdateAlwaysLeavesAPodThatServes(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	d := w.deployment(1, corev1.EnvVar{Name: "VERSION", Value: "one"})
	d.Spec.Template.Spec.Containers[0].Lifecycle = &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{Sleep: &corev1.SleepAction{Seconds: 6}}}
	d.Spec.Template.Spec.TerminationGracePeriodSeconds = new(int64(30)) // in both times a busy machine can ask
	w.up(t, d)
	old := w.serving()[0]

	// Ask a serving pod all the time; one that is ending still answers.
	ctx, cancel := context.WithCancel(t.Context())
	var asking sync.WaitGroup
	answered := 0
	asking.Go(func() {
		for ctx.Err() == nil {
			pods := w.serving()
			if !assert.NotEmpty(t, pods, "a pod is ready at every moment") {
				return
			}
			_, err := get(context.Background(), pods[0], "/env")
			assert.NoError(t, err)
			answered++
		}
	})
	next := d.DeepCopy()
	next.Spec.Template.Spec.Containers[0].Env[2].Value = "two"
	w.up(t, next)
	body, err := get(t.Context(), old, "/env")
	require.NoError(t, err, "during preStop the old pod still serves")
	assert.Contains(t, body, "VERSION=one")
	await.True(t, func() bool { return len(w.Pods()) == 1 })
	assert.False(t, alive(old.PID))
	cancel()
	asking.Wait()

	assert.Greater(t, answered, 20)
	body, err = get(t.Context(), w.serving()[0], "/env")
	require.NoError(t, err)
	assert.Contains(t, body, "VERSION=two")
	before := w.Pods()[0].Name
	w.up(t, next)
	assert.Equal(t, before, w.Pods()[0].Name, "applying the same again changes nothing")
}

func TestAnUpdateThatNeverGetsReadyLeavesTheOldPodServing(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	d := w.deployment(1)
	w.up(t, d)
	old := w.serving()[0]
	broken := d.DeepCopy()
	broken.Spec.Template.Spec.Containers[0].Env = append(broken.Spec.Template.Spec.Containers[0].Env, corev1.EnvVar{Name: "NEVER_READY", Value: "1"})
	broken.Spec.ProgressDeadlineSeconds = new(int32(2))

	require.NoError(t, w.ApplyDeployment(t.Context(), broken))
	await.True(t, func() bool {
		status, _ := w.DeploymentStatus(namespace, "license-api")
		return strings.Contains(status.Message, "/ready answered 503")
	})
	err := w.WaitDeployment(t.Context(), namespace, "license-api")

	assert.ErrorContains(t, err, "progressDeadlineSeconds")
	assert.ErrorContains(t, err, "/ready answered 503: no database")
	require.Len(t, w.serving(), 1)
	assert.Equal(t, old.Name, w.serving()[0].Name)
	status, ok := w.DeploymentStatus(namespace, "license-api")
	require.True(t, ok)
	assert.Equal(t, []int{1, 1, 0, 2}, []int{status.Desired, status.Updated, status.Ready, status.Total})

	w.up(t, d)
	assert.Equal(t, old.Name, w.serving()[0].Name, "going back keeps the pod that never left")
}

func TestAContainerThatKeepsEndingIsReportedWithItsLastWords(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	d := w.deployment(1)
	d.Spec.Template.Spec.Containers[0].Args = []string{"out of cheese"}
	require.NoError(t, w.ApplyDeployment(t.Context(), d))
	err := w.WaitDeployment(t.Context(), namespace, "license-api")
	assert.ErrorContains(t, err, "does not come up")
	assert.ErrorContains(t, err, "the container ended with code 3")
	assert.ErrorContains(t, err, "its last words: out of cheese")
	require.Len(t, w.Pods(), 1)
	assert.Equal(t, kubelet.CrashLoopBackOff, w.Pods()[0].Phase)
}

func TestAContainerThatFallsSickOrIsKilledIsStartedAgainInItsPod(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.up(t, w.deployment(1))
	hurt := map[string]func(kubelet.Pod){
		"sick":   func(p kubelet.Pod) { _, err := get(t.Context(), p, "/fall-sick"); require.NoError(t, err) },
		"killed": func(kubelet.Pod) { require.NoError(t, w.RestartPods(namespace, "license-api")) },
	}
	for name, hurt := range hurt {
		before := w.serving()[0]
		hurt(before)
		await.True(t, func() bool {
			pods := w.serving()
			return len(pods) == 1 && pods[0].PID != before.PID && pods[0].Name == before.Name && pods[0].IP == before.IP && pods[0].Restarts == before.Restarts+1
		}, name)
	}
}

func TestAContainerThatTakesMoreMemoryThanItsLimitIsKilledAndStartedAgain(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	d := w.deployment(1)
	d.Spec.Template.Spec.Containers[0].Resources.Limits = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("150Mi")}
	w.up(t, d)
	before := w.serving()[0]
	_, err := get(t.Context(), before, "/take-100-mib")
	require.NoError(t, err)
	_, _ = get(t.Context(), before, "/take-100-mib") // it may be killed before it answers
	await.True(t, func() bool {
		pods := w.serving()
		return len(pods) == 1 && pods[0].PID != before.PID && pods[0].Name == before.Name && pods[0].Restarts == 1
	})
	assert.Contains(t, w.said.String(), "OOMKilled: the container took ")
	assert.Contains(t, w.said.String(), "its limit is 150Mi")
}

func TestScalingAddsAndEndsPods(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	d := w.deployment(1)
	d.Spec.Replicas = nil
	w.up(t, d)
	heard := make(chan struct{}, 100)
	defer w.Subscribe(func() { heard <- struct{}{} })()
	require.NoError(t, w.Scale(namespace, "license-api", 3))
	w.up(t, d)
	assert.Len(t, w.serving(), 3, "without spec.replicas the number is the autoscaler's")
	require.NoError(t, w.Scale(namespace, "license-api", 1))
	await.True(t, func() bool { return len(w.Pods()) == 1 })
	assert.NotEmpty(t, heard)
	assert.ErrorContains(t, w.Scale(namespace, "other", 1), "does not exist")
}

func TestAStaticPodIsListedLikeAnyOther(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	address, err := w.AllocateIP()
	require.NoError(t, err)
	assert.True(t, w.config.PodRange.Contains(address))
	w.AddStatic(kubelet.Pod{Namespace: namespace, Name: "coditect-frontend-0", IP: address, Ready: true})
	require.Len(t, w.serving(), 1)
	assert.Equal(t, "coditect-frontend-0", w.serving()[0].Name)
}

func TestWhatCannotRunHereIsRefusedOrSaidInTheStatus(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	for says, edit := range map[string]func(*corev1.PodSpec){
		"pulls from":     func(s *corev1.PodSpec) { s.Containers[0].Image = "docker.io/library/busybox" },
		"volumes cannot": func(s *corev1.PodSpec) { s.Volumes = []corev1.Volume{{Name: "v"}} },
		"initContainers": func(s *corev1.PodSpec) { s.InitContainers = s.Containers },
		"one container":  func(s *corev1.PodSpec) { s.Containers = append(s.Containers, s.Containers[0]) },
		"hostNetwork":    func(s *corev1.PodSpec) { s.HostNetwork = true },
		"preStop.sleep": func(s *corev1.PodSpec) {
			s.Containers[0].Lifecycle = &corev1.Lifecycle{PostStart: &corev1.LifecycleHandler{}}
		},
		"envFrom does not work": func(s *corev1.PodSpec) {
			s.Containers[0].EnvFrom = []corev1.EnvFromSource{{SecretRef: &corev1.SecretEnvSource{}}}
		},
		"resources.limits only memory works on this machine, not cpu": func(s *corev1.PodSpec) {
			s.Containers[0].Resources.Limits = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1")}
		},
		"env A: of valueFrom only fieldRef": func(s *corev1.PodSpec) {
			s.Containers[0].Env = []corev1.EnvVar{{Name: "A", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{Key: "k"}}}}
		},
		"env B: of valueFrom only fieldRef": func(s *corev1.PodSpec) {
			s.Containers[0].Env = []corev1.EnvVar{{Name: "B", ValueFrom: &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{Key: "k"}}}}
		},
		"livenessProbe: only httpGet": func(s *corev1.PodSpec) {
			s.Containers[0].LivenessProbe = &corev1.Probe{ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{}}}
		},
		"startupProbe: only":   func(s *corev1.PodSpec) { s.Containers[0].StartupProbe = &corev1.Probe{} },
		"readinessProbe: only": func(s *corev1.PodSpec) { s.Containers[0].ReadinessProbe.HTTPGet.Scheme = corev1.URISchemeHTTPS },
		"is not a reference":   func(s *corev1.PodSpec) { s.Containers[0].Image = "Not An Image" },
	} {
		d := w.deployment(1)
		edit(&d.Spec.Template.Spec)
		assert.ErrorContains(t, w.ApplyDeployment(t.Context(), d), says)
	}
	recreated := w.deployment(1)
	recreated.Spec.Strategy = appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType}
	assert.ErrorContains(t, w.ApplyDeployment(t.Context(), recreated), "the strategy Recreate does not work on this machine; allowed is RollingUpdate")
	for says, edit := range map[string]func(*appsv1.Deployment){
		"ErrImagePull": func(d *appsv1.Deployment) {
			d.Spec.Template.Spec.Containers[0].Image = strings.Replace(w.reference, "license-api@", "other@", 1)
		},
		"is not in the image": func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Command = []string{"/bin/sh"} },
		"image will run as root": func(d *appsv1.Deployment) {
			d.Spec.Template.Spec.SecurityContext = &corev1.PodSecurityContext{RunAsNonRoot: new(true), RunAsUser: new(int64(0))}
		},
		"the field spec.x is unknown": func(d *appsv1.Deployment) {
			d.Spec.Template.Spec.Containers[0].Env[0].ValueFrom.FieldRef.FieldPath = "spec.x"
		},
	} {
		d := w.deployment(1)
		d.Name = "odd"
		edit(d)
		require.NoError(t, w.ApplyDeployment(t.Context(), d))
		assert.ErrorContains(t, w.WaitDeployment(t.Context(), namespace, "odd"), says)
		require.NoError(t, w.DeleteDeployment(t.Context(), namespace, "odd"))
	}
}
