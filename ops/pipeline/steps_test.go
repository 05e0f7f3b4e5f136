package pipeline_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/coditect-ai/license-platform/app/apptest/program"
	"github.com/coditect-ai/license-platform/local/host/toolchain"
)

// runner runs the shell steps of the workflows as GitHub's runner does: with bash,
// in a checkout of the project, with its variables. Pulumi's CLI is the real one.
type runner struct {
	dir         string
	environment map[string]string
}

func newRunner(t *testing.T) *runner {
	t.Helper()
	cli, err := toolchain.Pulumi(t.Context(), root, func(string) {})
	require.NoError(t, err)
	r := &runner{dir: filepath.Join(t.TempDir(), "checkout")}
	tools := t.TempDir()
	require.NoError(t, os.Symlink(cli.Path(), filepath.Join(tools, "pulumi")))
	executable, err := os.Executable()
	require.NoError(t, err)
	require.NoError(t, os.Symlink(executable, filepath.Join(tools, "pulumi-language-go")))
	state := t.TempDir()
	r.environment = map[string]string{
		"PATH": tools + ":" + os.Getenv("PATH"), "HOME": os.Getenv("HOME"),
		"PULUMI_BACKEND_URL": "file://" + state, "PULUMI_HOME": t.TempDir(), "PULUMI_CONFIG_PASSPHRASE": "for tests only",
		"PULUMI_SKIP_UPDATE_CHECK": "true", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true", "PULUMI_SELF_MANAGED_STATE_NO_LEGACY_WARNING": "true",
		"GITHUB_REPOSITORY": "o/r", "GITHUB_TOKEN": "secret", "GITHUB_SHA": "new", "PARTS": "ab",
		"GITHUB_STEP_SUMMARY": filepath.Join(state, "summary.md"), "GITHUB_OUTPUT": filepath.Join(state, "output"),
	}
	for _, variable := range os.Environ() { // where Go's caches and modules are on this machine
		if name, value, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "GO") {
			r.environment[name] = value
		}
	}
	r.checkout(t)
	return r
}

// checkout copies what git knows of the working tree, as two commits: a merge and
// what it is merged into.
func (r *runner) checkout(t *testing.T) {
	t.Helper()
	listed, err := exec.CommandContext(t.Context(), "git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	require.NoError(t, err)
	for path := range strings.SplitSeq(strings.Trim(string(listed), "\x00"), "\x00") {
		content, err := os.ReadFile(filepath.Join(root, path))
		if os.IsNotExist(err) {
			continue
		}
		require.NoError(t, err)
		info, err := os.Stat(filepath.Join(root, path))
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Join(r.dir, filepath.Dir(path)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(r.dir, path), content, info.Mode().Perm()))
	}
	git := "git -c user.name=t -c user.email=t@example.com "
	r.must(t, "git init -q && git add -A && "+git+"commit -qm before && "+git+"commit -q --allow-empty -m merged")
}

// place puts this executable and a stand-in for ops where the pipeline compiles to.
func (r *runner) place(t *testing.T) {
	t.Helper()
	executable, err := os.Executable()
	require.NoError(t, err)
	bin := filepath.Join(r.dir, "bin")
	require.NoError(t, os.RemoveAll(bin))
	require.NoError(t, os.MkdirAll(bin, 0o755))
	require.NoError(t, os.Symlink(executable, filepath.Join(bin, "license-platform")))
	program.Write(t, filepath.Join(bin, "ops"), []byte("#!/bin/sh\necho \"Security checklist of $3\"\n"))
}

// run runs one script with more variables.
func (r *runner) run(t *testing.T, script string, more map[string]string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	// https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell
	command := exec.CommandContext(ctx, "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
	command.Dir = r.dir
	for _, variables := range []map[string]string{r.environment, more} {
		for name, value := range variables {
			command.Env = append(command.Env, name+"="+value)
		}
	}
	said, err := command.CombinedOutput()
	return string(said), err
}

func (r *runner) must(t *testing.T, script string) string {
	t.Helper()
	said, err := r.run(t, script, nil)
	require.NoError(t, err, "%s\n%s", script, said)
	return said
}

// steps runs the shell steps of a job in order, up to the first that fails.
func (r *runner) steps(t *testing.T, steps []step, more map[string]string, always bool) (string, error) {
	t.Helper()
	var all strings.Builder
	var failed error
	for _, s := range steps {
		if s.Run == "" || failed != nil && !always {
			continue
		}
		variables := map[string]string{}
		for name, value := range more {
			variables[name] = value
		}
		said, err := r.run(t, s.Run, variables)
		all.WriteString(said)
		if err != nil {
			failed = err
		}
	}
	return all.String(), failed
}

func action(t *testing.T, name string) []step {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, ".github", "actions", name, "action.yml"))
	require.NoError(t, err)
	var a struct {
		Runs struct {
			Steps []step `json:"steps"`
		} `json:"runs"`
	}
	require.NoError(t, yaml.Unmarshal(content, &a))
	return a.Runs.Steps
}

func (r *runner) read(t *testing.T, path string) string {
	t.Helper()
	if !filepath.IsAbs(path) {
		path = filepath.Join(r.dir, path)
	}
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(content)
}

// TestTheWorkflowsStepsDoWhatTheySay is a day of the pipeline: a pull request, a
// deployment with its plan and its approval, and a morning's check for drift.
func TestTheWorkflowsStepsDoWhatTheySay(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	var published []string
	hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		switch {
		case strings.HasSuffix(q.URL.Path, "/commits/main"):
			_, _ = io.WriteString(w, `{"sha":"new"}`)
		case q.Method == http.MethodGet:
			_, _ = io.WriteString(w, "[]")
		default:
			published = append(published, q.URL.Path+" "+string(body))
			_, _ = io.WriteString(w, "{}")
		}
	}))
	t.Cleanup(hub.Close)
	r.environment["GITHUB_API_URL"] = hub.URL

	compile := action(t, "program")
	if !testing.Short() { // it links the Google Cloud SDK
		said, err := r.steps(t, slices.DeleteFunc(slices.Clone(compile), func(s step) bool { return !strings.Contains(s.Run, "go build") }), nil, false)
		require.NoError(t, err, said)
		assert.FileExists(t, filepath.Join(r.dir, "bin", "license-platform"))
		assert.FileExists(t, filepath.Join(r.dir, "bin", "ops"))
		assert.NoFileExists(t, filepath.Join(r.dir, "license-api"))
	}
	r.place(t)
	said, err := r.steps(t, slices.DeleteFunc(slices.Clone(compile), func(s step) bool { return strings.Contains(s.Run, "go build") }), nil, false)
	require.NoError(t, err, said)
	assert.Contains(t, r.read(t, "Pulumi.yaml"), "binary: bin/license-platform")
	for _, stack := range []string{"dev", "prod"} {
		r.must(t, "pulumi stack init "+stack+" --secrets-provider passphrase")
	}

	_, preview := read(t, "preview.yml")
	said, err = r.steps(t, preview.Jobs["preview"].Steps, map[string]string{"STACK": "prod"}, true)
	require.Error(t, err, "the last step runs only where the preview failed")
	require.Contains(t, r.read(t, "report-prod.md"), "## Stack prod", said)
	assert.Contains(t, said, r.read(t, "preview.txt"), "the log has the whole of what a comment cuts")
	assert.Contains(t, r.read(t, "report-prod.md"), "3 to create")
	assert.Contains(t, r.read(t, "report-prod.md"), "Security checklist of prod")
	_, err = os.Stat(r.environment["GITHUB_OUTPUT"])
	require.ErrorIs(t, err, os.ErrNotExist, "the preview did not fail")
	_, err = r.steps(t, preview.Jobs["comment"].Steps, map[string]string{"NUMBER": "7"}, false)
	require.NoError(t, err)
	require.Len(t, published, 1)
	assert.Contains(t, published[0], "/issues/7/comments")

	_, deploy := read(t, "deploy.yml")
	said, err = r.steps(t, deploy.Jobs["program"].Steps, nil, false)
	require.NoError(t, err, said)
	said, err = r.steps(t, deploy.Jobs["dev"].Steps, nil, false)
	require.NoError(t, err, said)
	assert.Contains(t, said, "3 created")
	head := strings.TrimSpace(r.must(t, "git rev-parse HEAD"))
	assert.Contains(t, r.must(t, "pulumi stack history --stack dev --page-size=1 --json"), `"git.head": "`+head+`"`, "docs/operations.md begins an update by hand with this commit")

	said, err = r.steps(t, deploy.Jobs["plan"].Steps, nil, false)
	require.NoError(t, err, said)
	assert.Contains(t, r.read(t, r.environment["GITHUB_STEP_SUMMARY"]), "3 to create", "what the reviewer reads")
	assert.NotContains(t, r.read(t, "prod.plan"), "hush-prod", "secrets in a plan are encrypted")

	_, err = r.steps(t, deploy.Jobs["prod"].Steps, map[string]string{"GITHUB_SHA": "old"}, false)
	require.Error(t, err, "a newer commit is on main")
	said, err = r.steps(t, deploy.Jobs["prod"].Steps, map[string]string{"PARTS": "abc"}, false)
	require.Error(t, err, "what was not reviewed is not done")
	assert.Contains(t, said, "is not allowed by the plan")
	_, err = r.steps(t, deploy.Jobs["plan"].Steps, nil, false)
	require.NoError(t, err)
	said, err = r.steps(t, deploy.Jobs["prod"].Steps, nil, false)
	require.NoError(t, err, said)

	_, drift := read(t, "drift.yml")
	said, err = r.steps(t, drift.Jobs["check"].Steps, map[string]string{"STACK": "prod"}, false)
	require.NoError(t, err, said)
	assert.NoFileExists(t, filepath.Join(r.dir, "drift-prod.md"), said)
	said, err = r.steps(t, drift.Jobs["check"].Steps, map[string]string{"STACK": "prod", "PARTS": "a"}, false)
	require.NoError(t, err, said)
	assert.Contains(t, r.read(t, "drift-prod.md"), "Stack prod differs from the program")
	assert.Contains(t, said, r.read(t, "drift.txt"), "the log has the whole of what the issue cuts")
	r.must(t, "mkdir drift && mv drift-prod.md drift/")
	said, err = r.steps(t, drift.Jobs["issue"].Steps, map[string]string{"RESULT": "success"}, false)
	require.NoError(t, err, said)
	require.Len(t, published, 2)
	assert.Contains(t, published[1], "/repos/o/r/issues ")
}
