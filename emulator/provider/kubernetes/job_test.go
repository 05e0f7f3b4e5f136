package kubernetes_test

import (
	"errors"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
)

// migration is a Job, with annotations.
func migration(annotations map[string]any) map[string]any {
	made := object("batch/v1", "Job", map[string]any{"spec": map[string]any{"template": map[string]any{"spec": map[string]any{
		"restartPolicy": "Never", "containers": []any{map[string]any{"name": "api", "image": "127.77.8.13:5000/p/r/api@sha256:abc"}},
	}}}})
	made["metadata"].(map[string]any)["annotations"] = annotations
	return made
}

func TestAJobThatHasFailedNeverRunsAgainUnlessItIsReplaced(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		annotations map[string]any
		replaced    bool
	}{
		"as it is":                  {nil, false},
		"with Pulumi's annotation":  {map[string]any{"pulumi.com/replaceUnready": "true"}, true},
		"with the annotation taken": {map[string]any{"pulumi.com/replaceUnready": "false"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k, job := newCluster(t), migration(c.annotations)
			k.kubelet.failure = errors.New("the database does not answer")
			_, err := k.create(kubernetes.TypeJob, job)
			require.ErrorContains(t, err, "the database does not answer")
			k.kubelet.failure = nil
			_, err = k.update(kubernetes.TypeJob, job, job)
			require.ErrorContains(t, err, "the database does not answer", "an update only waits for it")
			require.Len(t, k.kubelet.jobs, 1)

			answer, err := k.server.Diff(t.Context(), &pulumirpc.DiffRequest{Id: "app/it", Urn: urn(kubernetes.TypeJob), OldInputs: k.wire(job), Olds: k.wire(job), News: k.wire(job)})
			require.NoError(t, err)
			assert.Equal(t, c.replaced, len(answer.GetReplaces()) > 0)
			assert.Equal(t, c.replaced, answer.GetDeleteBeforeReplace(), "it keeps its name")
			_, err = k.server.Delete(t.Context(), &pulumirpc.DeleteRequest{Id: "app/it", Urn: urn(kubernetes.TypeJob)})
			require.NoError(t, err)
			_, err = k.create(kubernetes.TypeJob, job)
			require.NoError(t, err)
			_, err = k.update(kubernetes.TypeJob, job, job)
			require.NoError(t, err)
			assert.Len(t, k.kubelet.jobs, 2, "a Job that has succeeded does not run again either")
			answer, err = k.server.Diff(t.Context(), &pulumirpc.DiffRequest{Id: "app/it", Urn: urn(kubernetes.TypeJob), OldInputs: k.wire(job), Olds: k.wire(job), News: k.wire(job)})
			require.NoError(t, err)
			assert.Empty(t, answer.GetReplaces())
		})
	}
}
