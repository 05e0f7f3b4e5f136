package pipeline_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

const root = "../.."

type step struct {
	Uses string         `json:"uses"`
	Run  string         `json:"run"`
	With map[string]any `json:"with"`
}

type workflow struct {
	Permissions *map[string]string `json:"permissions"`
	Jobs        map[string]struct {
		Permissions map[string]string `json:"permissions"`
		Minutes     int               `json:"timeout-minutes"`
		Environment string            `json:"environment"`
		Concurrency *struct {
			Group string `json:"group"`
		} `json:"concurrency"`
		Uses  string `json:"uses"`
		Needs any    `json:"needs"`
		Steps []step `json:"steps"`
	} `json:"jobs"`
}

func read(t *testing.T, name string) (string, workflow) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, ".github", "workflows", name))
	require.NoError(t, err)
	var w workflow
	require.NoError(t, yaml.Unmarshal(content, &w))
	return string(content), w
}

func names(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, ".github", "workflows", "*.yml"))
	require.NoError(t, err)
	require.Len(t, paths, 4)
	for i, path := range paths {
		paths[i] = filepath.Base(path)
	}
	return paths
}

func TestEveryForeignActionIsPinnedByItsCommitAndTheSameOneEverywhere(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(root, ".github", "actions", "*", "action.yml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, name := range names(t) {
		files = append(files, filepath.Join(root, ".github", "workflows", name))
	}
	uses := regexp.MustCompile(`(?m)^\s*(?:- )?uses: (.*)$`)
	pinned := regexp.MustCompile(`^([a-z-]+/[a-z-]+)[a-z/]*@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)$`)
	commits := map[string]string{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, found := range uses.FindAllStringSubmatch(string(content), -1) {
			if strings.HasPrefix(found[1], "./.github/") {
				continue
			}
			parts := pinned.FindStringSubmatch(found[1])
			require.NotNil(t, parts, "%s: %s", file, found[1])
			if before, seen := commits[parts[1]]; seen {
				assert.Equal(t, before, parts[2], "%s: two versions of %s", file, parts[1])
			}
			commits[parts[1]] = parts[2]
		}
	}
	assert.Len(t, commits, 8)
}

func TestEveryJobHasTheLeastRightsAndAnEnd(t *testing.T) {
	t.Parallel()
	for _, name := range names(t) {
		_, w := read(t, name)
		require.NotNil(t, w.Permissions, "%s: without it a job may write", name)
		assert.Empty(t, *w.Permissions, name)
		for job, j := range w.Jobs {
			assert.NotEmpty(t, j.Permissions, "%s %s", name, job)
			assert.Equal(t, "read", j.Permissions["contents"], "%s %s", name, job)
			cloud := j.Permissions["id-token"] == "write"
			writes := slices.ContainsFunc([]string{"issues", "pull-requests"}, func(what string) bool { return j.Permissions[what] == "write" })
			assert.False(t, cloud && writes, "%s %s: whoever writes at GitHub has no right in the cloud", name, job)
			if j.Uses == "" {
				assert.Positive(t, j.Minutes, "%s %s", name, job)
			}
			for _, s := range j.Steps {
				if strings.HasPrefix(s.Uses, "actions/checkout@") {
					assert.Equal(t, false, s.With["persist-credentials"], "%s %s", name, job)
				}
				assert.NotContains(t, s.Run, "${{", "%s %s: a value goes into a script through its environment", name, job)
			}
		}
	}
}

func TestNoWorkflowHoldsAKeyOrRunsForStrangersWithRights(t *testing.T) {
	t.Parallel()
	for _, name := range names(t) {
		content, _ := read(t, name)
		assert.NotContains(t, content, "secrets.", name)
		assert.NotContains(t, content, "credentials_json", name)
		assert.NotContains(t, content, "pull_request_target", name)
	}
}

func TestProdIsDeployedAfterTheTestsAfterDevAndAfterAReviewerOfItsPlan(t *testing.T) {
	t.Parallel()
	_, w := read(t, "deploy.yml")
	assert.Equal(t, []any{"test", "program"}, w.Jobs["dev"].Needs)
	assert.Equal(t, "dev", w.Jobs["plan"].Needs)
	assert.Equal(t, "plan", w.Jobs["prod"].Needs)
	assert.Equal(t, "prod", w.Jobs["prod"].Environment, "the environment asks its reviewers")
	assert.Equal(t, "dev", w.Jobs["dev"].Environment)
	assert.Empty(t, w.Jobs["plan"].Environment, "what is reviewed is made before the reviewer is asked")
	for name, j := range w.Jobs {
		for _, s := range j.Steps {
			if strings.Contains(s.Run, "pulumi up") {
				assert.Contains(t, []string{"dev", "prod"}, name)
			}
		}
	}
	last := w.Jobs["prod"].Steps[len(w.Jobs["prod"].Steps)-1]
	assert.Contains(t, last.Run, "--plan prod.plan", "prod does what was reviewed")
}

// TestNothingWaitsBehindAnApproval: a group of runs has one that runs and one that
// waits, and a third cancels the one that waits
// (https://docs.github.com/actions/how-tos/write-workflows/choose-when-workflows-run/control-workflow-concurrency).
func TestNothingWaitsBehindAnApproval(t *testing.T) {
	t.Parallel()
	content, w := read(t, "deploy.yml")
	assert.NotRegexp(t, `(?m)^concurrency:`, content, "it would hold everything up while prod waits for its reviewer")
	require.NotNil(t, w.Jobs["dev"].Concurrency)
	assert.Equal(t, "deploy-dev", w.Jobs["dev"].Concurrency.Group)
	assert.Nil(t, w.Jobs["prod"].Concurrency)
}

// TestTheCacheOfTheProgramKnowsAllThatItIsCompiledFrom, so that no old binary
// deploys a new commit.
func TestTheCacheOfTheProgramKnowsAllThatItIsCompiledFrom(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join(root, ".github", "actions", "program", "action.yml"))
	require.NoError(t, err)
	found := regexp.MustCompile(`key: program-.*hashFiles\((.*)\)`).FindStringSubmatch(string(content))
	require.NotNil(t, found)
	keyed := func(path string) bool {
		for _, pattern := range strings.Split(found[1], ", ") {
			pattern = strings.Trim(pattern, "'")
			if suffix, any := strings.CutPrefix(pattern, "**/*"); any && strings.HasSuffix(path, suffix) {
				return true
			}
			if name, any := strings.CutPrefix(pattern, "**/"); any && filepath.Base(path) == name {
				return true
			}
			if folder, any := strings.CutSuffix(pattern, "/**"); any && strings.HasPrefix(path, folder+"/") || path == pattern {
				return true
			}
		}
		return false
	}
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", `{{if .Module}}{{if .Module.Main}}{{$dir := .Dir}}{{range .GoFiles}}{{$dir}}/{{.}} {{end}}{{range .EmbedFiles}}{{$dir}}/{{.}} {{end}}{{end}}{{end}}`, ".", "./ops")
	list.Dir = root
	said, err := list.Output()
	require.NoError(t, err)
	base, err := filepath.Abs(root)
	require.NoError(t, err)
	compiled := strings.Fields(string(said))
	require.Greater(t, len(compiled), 100)
	for _, path := range append(compiled, base+"/go.mod", base+"/go.sum") {
		relative, err := filepath.Rel(base, path)
		require.NoError(t, err)
		assert.True(t, keyed(relative), "the key does not change with %s", relative)
	}
}

func TestPreviewsAndDriftChecksChangeNothing(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"preview.yml", "drift.yml", "test.yml"} {
		content, _ := read(t, name)
		for _, change := range []string{"pulumi up", "pulumi destroy", "pulumi refresh", "pulumi import", "DEPLOY_SERVICE_ACCOUNT"} {
			assert.NotContains(t, content, change, name)
		}
	}
}

func TestOnlyTheDriftCheckUsesTheAccountThatReadsSecretsAndOnlyFromMain(t *testing.T) {
	t.Parallel()
	for _, name := range names(t) {
		content, w := read(t, name)
		if name != "drift.yml" {
			assert.NotContains(t, content, "DRIFT_SERVICE_ACCOUNT", name)
			continue
		}
		assert.Equal(t, "drift", w.Jobs["check"].Environment, "the environment takes deployments from main only")
		assert.NotContains(t, content, "PREVIEW_SERVICE_ACCOUNT", "a refresh reads secrets, which that account may not")
	}
}

func TestThePulumiCLIAndTheProgramFitTogether(t *testing.T) {
	t.Parallel()
	action, err := os.ReadFile(filepath.Join(root, ".github", "actions", "google", "action.yml"))
	require.NoError(t, err)
	module, err := os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	version := regexp.MustCompile(`pulumi/sdk/v3 v(\S+)`).FindStringSubmatch(string(module))
	require.NotNil(t, version)
	assert.Contains(t, string(action), "pulumi-version: "+version[1]+"\n")

	project, err := os.ReadFile(filepath.Join(root, "Pulumi.yaml"))
	require.NoError(t, err)
	assert.Contains(t, string(project), "\n    buildTarget: bin/license-platform\n", "the action replaces this line")
}

// TestNoStepUsesGoBeforeTheJobHasInstalledIt: a runner of one's own has no Go, a hosted
// one another version.
func TestNoStepUsesGoBeforeTheJobHasInstalledIt(t *testing.T) {
	t.Parallel()
	usesGo := regexp.MustCompile(`(?m)(^|[;&|]\s*)\s*(go|make|\.ci/run) ?`)
	checked := 0
	for _, name := range names(t) {
		_, w := read(t, name)
		for job, j := range w.Jobs {
			installed := false
			for _, s := range j.Steps {
				installed = installed || strings.HasPrefix(s.Uses, "actions/setup-go@") || s.Uses == "./.github/actions/program"
				if usesGo.MatchString(s.Run) {
					checked++
					assert.True(t, installed, "%s %s: %s", name, job, s.Run)
				}
			}
		}
	}
	assert.Greater(t, checked, 5)
}
