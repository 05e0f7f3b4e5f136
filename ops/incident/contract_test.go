package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/ops/incident/cloud"
	"github.com/coditect-ai/license-platform/stack/plan"
	"github.com/coditect-ai/license-platform/stack/stacktest"
)

// TestTheResponseFindsWhatTheProgramDeclares holds the names that the response
// uses to those of the program: outputs, settings, labels.
func TestTheResponseFindsWhatTheProgramDeclares(t *testing.T) {
	t.Parallel()
	for _, stack := range stacktest.Stacks(t) {
		if stack == "local" {
			continue // it has no gcloud
		}
		t.Run(stack, func(t *testing.T) {
			t.Parallel()
			made := stacktest.Deploy(t, stack)
			answer := func(_ context.Context, c cloud.Command, out io.Writer) error {
				if slices.Equal(c.Args[:2], []string{"stack", "output"}) {
					return json.NewEncoder(out).Encode(made.Outputs().Inputs())
				}
				return fmt.Errorf("nobody asked for %s", c)
			}
			g, err := cloud.NewGoogle(t.Context(), answer, stack, "kubeconfig")
			require.NoError(t, err)

			shown := ""
			for _, a := range append(g.Evidence(time.Now()), g.Backup("x"), g.Lockdown(), g.Verify()) {
				shown += a.Does + "\n"
				for _, c := range a.Commands {
					shown += c.String() + "\n"
				}
			}
			namespace, _ := made.Outputs().Get("namespace").(string)
			deployment := made.One(t, "kubernetes:apps/v1:Deployment", "license-api")
			policy := made.Of("gcp:compute/securityPolicy:SecurityPolicy")[0].Text("name")
			assert.Contains(t, shown, "--namespace="+namespace)
			assert.Equal(t, namespace, deployment.Text("metadata.namespace"))
			assert.Equal(t, "license-api", deployment.Get(`spec.template.metadata.labels.app`))
			assert.Contains(t, shown, "--selector=app=license-api")
			assert.Contains(t, shown, "describe "+policy)
			assert.Contains(t, shown, "see from outside that "+made.Outputs().Get("licenseUrl").(string)+"/health")
			assert.Contains(t, shown, "--instance=stores-")

			assert.Contains(t, shown, "container clusters get-credentials")

			key := strings.TrimPrefix(g.Lockdown().Commands[0].Args[3], "license-platform:")
			_, err = stacktest.Try(t, stack, plan.Set(key, true))
			require.NoError(t, err, "the program knows the setting")
		})
	}
}

// TestTheResponseReachesAClusterAsPulumiDoes holds the form of the output to what is read of it.
func TestTheResponseReachesAClusterAsPulumiDoes(t *testing.T) {
	t.Parallel()
	made := stacktest.Deploy(t, "dev", plan.Set("kubernetes.cluster.connectGateway", true))
	answer := func(_ context.Context, _ cloud.Command, out io.Writer) error {
		return json.NewEncoder(out).Encode(made.Outputs().Inputs())
	}
	g, err := cloud.NewGoogle(t.Context(), answer, "dev", "kubeconfig")
	require.NoError(t, err)
	assert.Contains(t, g.Evidence(time.Now())[0].Commands[0].String(), "gcloud container fleet memberships get-credentials license-dev --location=us-central1 --project=coditect-licenses-dev")
}
