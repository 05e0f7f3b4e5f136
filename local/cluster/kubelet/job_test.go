package kubelet_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/local/cluster/kubelet"
)

func (w fixture) job(t *testing.T, backoffLimit int32, args ...string) *batchv1.Job {
	t.Helper()
	return &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "license-migrate"},
		Spec: batchv1.JobSpec{
			BackoffLimit: &backoffLimit,
			Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
				RestartPolicy: corev1.RestartPolicyNever,
				Containers: []corev1.Container{{
					Name: "license-migrate", Image: w.reference, Args: args,
					Env: []corev1.EnvVar{{Name: "COUNTER", Value: filepath.Join(t.TempDir(), "counter")}, {Name: "LISTEN_ADDRESS", Value: "127.0.0.1:0"}},
				}},
			}},
		},
	}
}

func TestAJobRunsUntilItSucceedsWithinItsBackoffLimit(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	require.NoError(t, w.RunJob(t.Context(), w.job(t, 1, "count", "2")))
	pods := w.Pods()
	require.Len(t, pods, 1)
	assert.Equal(t, kubelet.Succeeded, pods[0].Phase)
	assert.Equal(t, "Job/license-migrate", pods[0].Owner)
	assert.ErrorContains(t, w.RunJob(t.Context(), w.job(t, 1, "count", "1")), "already exists")
	require.NoError(t, w.DeleteJob(t.Context(), namespace, "license-migrate"))
	require.NoError(t, w.DeleteJob(t.Context(), namespace, "license-migrate"), "twice is no error")
	assert.Empty(t, w.Pods())
}

func TestAFailedJobSaysItsLastWords(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	err := w.RunJob(t.Context(), w.job(t, 1, "count", "9"))
	assert.ErrorContains(t, err, "failed 2 times")
	assert.ErrorContains(t, err, "run number 2 fails", w.said.String())
	assert.Equal(t, kubelet.Failed, w.Pods()[0].Phase)
}

func TestAJobThatTakesTooLongIsStopped(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	j := w.job(t, 0, "serve")
	j.Spec.ActiveDeadlineSeconds = new(int64(1))
	assert.ErrorContains(t, w.RunJob(t.Context(), j), "activeDeadlineSeconds (1s) have passed")
	require.NoError(t, w.DeleteJob(t.Context(), namespace, j.Name))

	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	assert.ErrorIs(t, w.RunJob(ctx, w.job(t, 0, "serve")), context.DeadlineExceeded)
	for _, p := range w.Pods() {
		assert.Zero(t, p.PID)
	}
}

func TestADeletedJobIsEnded(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	ended := make(chan error, 1)
	go func() { ended <- w.RunJob(context.Background(), w.job(t, 3, "serve")) }()
	await.True(t, func() bool { return len(w.Pods()) == 1 && w.Pods()[0].PID > 0 })
	require.NoError(t, w.DeleteJob(t.Context(), namespace, "license-migrate"))
	assert.ErrorContains(t, await.Receive(t, ended), "ended from outside the Job")
	assert.Empty(t, w.Pods())
}

func TestAJobThatCannotRunHereIsRefused(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	j := w.job(t, 0, "count", "1")
	j.Spec.Template.Spec.RestartPolicy = corev1.RestartPolicyAlways
	assert.ErrorContains(t, w.RunJob(t.Context(), j), "allowed are Never and OnFailure")
	j = w.job(t, 0, "count", "1")
	j.Spec.Parallelism = new(int32(2))
	assert.ErrorContains(t, w.RunJob(t.Context(), j), "parallelism")
}
