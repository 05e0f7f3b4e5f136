package cloud_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/ops/incident/cloud"
)

const outputs = `{"sqlConnectionName":"coditect-cloud-infra:us-central1:stores-1a2b3c4","licenseUrl":"https://licenses.coditect.ai",
"securityPolicy":"armor-9z","cluster":"coditect-cluster","clusterLocation":"us-central1","namespace":"coditect-app","hosts":{}}`

// recorder stands for every program and keeps what it was asked to run.
type recorder struct {
	outputs string
	ran     []cloud.Command
	fails   string
}

func (r *recorder) run(_ context.Context, c cloud.Command, out io.Writer) error {
	r.ran = append(r.ran, c)
	line := c.String()
	answer := "the answer to " + line + "\n"
	switch {
	case r.fails != "" && strings.Contains(line, r.fails):
		return errors.New("refused")
	case strings.Contains(line, "pulumi stack output"):
		answer = r.outputs
	}
	_, err := io.WriteString(out, answer)
	return err
}

func google(t *testing.T) (*cloud.Google, *recorder) {
	t.Helper()
	r := &recorder{outputs: outputs}
	g, err := cloud.NewGoogle(t.Context(), r.run, "prod", "/scratch/kubeconfig")
	require.NoError(t, err)
	r.ran = nil
	return g, r
}

func lines(commands []cloud.Command) []string {
	var all []string
	for _, c := range commands {
		all = append(all, c.String())
	}
	return all
}

func TestEveryActionRunsExactlyWhatItShows(t *testing.T) {
	t.Parallel()
	g, r := google(t)
	actions := append(g.Evidence(time.Now()), g.Backup("incident: a reason"), g.Lockdown())
	for _, a := range actions {
		r.ran = nil
		var out strings.Builder
		require.NoError(t, a.Do(t.Context(), &out))
		assert.Equal(t, lines(a.Commands), lines(r.ran), a.Name)
		assert.NotEmpty(t, out.String())
		assert.NotEmpty(t, a.File, a.Name)
		assert.Positive(t, a.Timeout, a.Name)
	}
}

func TestEvidenceIsOnlyReadAndComesFromTheRightPlace(t *testing.T) {
	t.Parallel()
	g, _ := google(t)
	since := time.Date(2026, 11, 22, 17, 0, 0, 0, time.UTC)
	names := map[string]string{}
	for _, a := range g.Evidence(since) {
		for _, c := range a.Commands {
			verb := strings.Join(c.Args[:2], " ")
			assert.Contains(t, []string{
				"container clusters", "logs --selector=app=license-api", "get pods,deployments,replicasets,jobs,services,endpointslices,serviceaccounts",
				"get pods,deployments,replicasets,jobs,services,serviceaccounts", "get ingresses,networkpolicies",
				"get events", "logging read", "projects get-iam-policy", "compute security-policies", "stack export",
			}, verb, "only what reads")
			switch c.Name {
			case "gcloud":
				assert.Contains(t, c.Args, "--project=coditect-cloud-infra")
			case "kubectl":
				assert.Contains(t, c.Args, "--namespace=coditect-app")
				assert.Equal(t, []string{"KUBECONFIG=/scratch/kubeconfig"}, c.Env, "the engineer's own access stays as it is")
			}
			for _, arg := range c.Args {
				assert.NotContains(t, strings.ToLower(arg), "secrets,", "Secrets are no evidence")
			}
		}
		names[a.Name] = strings.Join(lines(a.Commands), "\n")
	}
	assert.Contains(t, names["load-balancer"], `httpRequest.requestUrl:"://licenses.coditect.ai/" AND timestamp>="2026-11-22T17:00:00Z"`)
	assert.Contains(t, names["audit-trail"], `cloudaudit.googleapis.com`)
	assert.Contains(t, names["database-log"], `"coditect-cloud-infra:stores-1a2b3c4"`)
	assert.Contains(t, names["security-policy"], "describe armor-9z")
	for name, commands := range names {
		if strings.Contains(commands, "get pods") && strings.Contains(commands, "--output=json") {
			assert.Contains(t, commands, "--selector=app.kubernetes.io/part-of=license-platform", "%s: variables of others may hold passwords", name)
		}
	}
	assert.Contains(t, names["neighbours"], "get pods", "an intruder's pod has no label of the platform's")
	assert.Contains(t, names["pod-logs"], "--since-time=2026-11-22T17:00:00Z")
}

func TestAClusterThatIsReachedThroughAFleetIsSoInAnIncident(t *testing.T) {
	t.Parallel()
	const member = `"fleetMembership":"//gkehub.googleapis.com/projects/fleet-host/locations/global/memberships/ide",`
	g, err := cloud.NewGoogle(t.Context(), (&recorder{outputs: strings.Replace(outputs, "{", "{"+member, 1)}).run, "prod", "/scratch/kubeconfig")
	require.NoError(t, err)
	asked := 0
	for _, a := range g.Evidence(time.Now()) {
		for i, c := range a.Commands {
			if c.Name == "kubectl" {
				asked++
				assert.Equal(t, "KUBECONFIG=/scratch/kubeconfig gcloud container fleet memberships get-credentials ide --location=global --project=fleet-host --quiet", a.Commands[i-1].String(),
					"%s: the control plane answers to its fleet only", a.Name)
			}
		}
	}
	assert.Positive(t, asked)

	_, err = cloud.NewGoogle(t.Context(), (&recorder{outputs: strings.Replace(outputs, "{", `{"fleetMembership":"ide",`, 1)}).run, "prod", "k")
	assert.ErrorContains(t, err, `fleetMembership "ide"`)
}

func TestTheLockdownIsTheStacksOwnSettingAndItsUndoTheSameBackwards(t *testing.T) {
	t.Parallel()
	g, r := google(t)
	want := func(value string) []string {
		return []string{
			"pulumi config set --path license-platform:platform.lockdown " + value + " --stack prod",
			"pulumi up --stack prod --yes --skip-preview --non-interactive --diff",
		}
	}
	assert.Equal(t, want("true"), lines(g.Lockdown().Commands))
	assert.Equal(t, want("false"), lines(g.Undo()))

	r.fails = "config set"
	require.Error(t, g.Lockdown().Do(t.Context(), io.Discard))
	assert.Len(t, r.ran, 1, "no update without the setting")
}

func TestALockdownDoesNotWaitForAnUpdateOfSomebodyElse(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		complaint string
		verbs     []string
	}{
		"in a bucket":       {"error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file with `pulumi cancel`.", []string{"config", "up", "cancel", "up"}},
		"in Pulumi Cloud":   {"error: [409] Conflict: Another update is currently in progress.", []string{"config", "up", "cancel", "up"}},
		"that is not there": {"error: the token has expired", []string{"config", "up"}},
	} {
		ran, held := []string{}, true
		run := func(_ context.Context, c cloud.Command, out io.Writer) error {
			switch verb := c.Args[0]; {
			case verb == "stack":
				_, err := io.WriteString(out, outputs)
				return err
			case verb == "up" && held:
				ran = append(ran, verb)
				return errors.New(test.complaint)
			default:
				held = held && verb != "cancel"
				ran = append(ran, verb)
				return nil
			}
		}
		g, err := cloud.NewGoogle(t.Context(), run, "prod", "k")
		require.NoError(t, err)
		var out strings.Builder
		err = g.Lockdown().Do(t.Context(), &out)
		assert.Equal(t, test.verbs, ran, name)
		assert.Equal(t, held, err != nil, name)
		assert.Equal(t, !held, strings.Contains(out.String(), "Its process goes on"), "%s: it may write its state over the lockdown's", name)
	}
}

func TestVerifyingAsksTheLicenseHostAndDoesNotTakeSilenceForShut(t *testing.T) {
	t.Parallel()
	r := &recorder{outputs: strings.Replace(outputs, "licenses.coditect.ai", "127.0.0.1:1", 1)}
	g, err := cloud.NewGoogle(t.Context(), r.run, "prod", "k")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	var out strings.Builder
	err = g.Verify().Do(ctx, &out)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorContains(t, err, "the license host is not locked down: https://127.0.0.1:1/health answers")
	assert.Contains(t, out.String(), "GET https://127.0.0.1:1/health: ", "what was seen is kept")
}

func TestAReasonIsOneArgumentWhateverItHolds(t *testing.T) {
	t.Parallel()
	g, _ := google(t)
	const reason = `incident: "; rm -rf $HOME #'`
	assert.Contains(t, g.Backup(reason).Commands[0].Args, "--description="+reason)
}

func TestAStackThatDoesNotSayWhereItIsIsRefused(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"never deployed": `{}`, "not JSON": "error: no stack", "no instance": strings.Replace(outputs, "us-central1:stores", "stores", 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := cloud.NewGoogle(t.Context(), (&recorder{outputs: answer}).run, "prod", "k")
			assert.ErrorContains(t, err, "stack prod")
		})
	}
	_, err := cloud.NewGoogle(t.Context(), (&recorder{outputs: outputs, fails: "stack output"}).run, "prod", "k")
	assert.ErrorContains(t, err, "refused")
}

func TestAProjectOfADomainKeepsItsColon(t *testing.T) {
	t.Parallel()
	r := &recorder{outputs: strings.Replace(outputs, "coditect-cloud-infra:", "example.com:old:", 1)}
	g, err := cloud.NewGoogle(t.Context(), r.run, "prod", "k")
	require.NoError(t, err)
	assert.Contains(t, g.Backup("x").Commands[0].Args, "--project=example.com:old")
	assert.Contains(t, g.Backup("x").Commands[0].Args, "--instance=stores-1a2b3c4")
}

func TestAProgramIsInterruptedAndItsComplaintTold(t *testing.T) {
	t.Parallel()
	err := cloud.Run(t.Context(), cloud.Command{Name: "ls", Args: []string{"/no/such/$(folder)"}}, io.Discard)
	assert.ErrorContains(t, err, "/no/such/$(folder)", "the argument reached the program as it is")

	// As the command's main does: the children of a program in the background would ignore the signal.
	interrupted, stop := signal.NotifyContext(t.Context(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(interrupted, 50*time.Millisecond)
	defer cancel()
	begun := time.Now()
	require.ErrorIs(t, cloud.Run(ctx, cloud.Command{Name: "sleep", Args: []string{"60"}}, io.Discard), context.DeadlineExceeded)
	assert.Less(t, time.Since(begun), 30*time.Second, "it is not waited for")

	var out strings.Builder
	require.NoError(t, cloud.Run(t.Context(), cloud.Command{Name: "env", Env: []string{"INCIDENT=yes"}, Dir: "/"}, &out))
	assert.Contains(t, out.String(), "INCIDENT=yes")
	assert.Contains(t, fmt.Sprint(cloud.Command{Name: "a", Args: []string{"it's"}}), `'it'\''s'`)
}
