package lifetime_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"

	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
)

// brokenDatabase lets the first migration fail.
type brokenDatabase struct {
	kubernetes.Kubelet
	ran []string
}

func (b *brokenDatabase) RunJob(_ context.Context, j *batchv1.Job) error {
	if b.ran = append(b.ran, j.Name); len(b.ran) == 1 {
		return errors.New("[BackoffLimitExceeded] Job has reached the specified backoff limit")
	}
	return nil
}

func TestDrillOfAMigrationThatFails(t *testing.T) {
	if testing.Short() {
		t.Skip("goes through the life of a stack; make drills runs it")
	}
	w := newFixture(t, "dev")
	jobs := &brokenDatabase{Kubelet: w.cloud.Cluster.Kubelet}
	w.cloud.Cluster.Kubelet = jobs
	_, err := w.up(t)
	require.ErrorContains(t, err, "BackoffLimitExceeded")
	_, err = w.up(t)
	require.NoError(t, err, "the next update runs it again")
	require.Len(t, jobs.ran, 2)
	assert.Equal(t, jobs.ran[0], jobs.ran[1])
	changes, err := w.up(t)
	require.NoError(t, err)
	assert.Empty(t, changes)
}
