package docs_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/observe/logfilter"
	"github.com/coditect-ai/license-platform/stack/plan"
	"github.com/coditect-ai/license-platform/stack/stacktest"
)

// checks are what has to hold of a command, by its first word. A command without
// an entry is a mistake of the document, or one that nobody looked at.
func checks() map[string]func(*testing.T, command) {
	plain := func(*testing.T, command) {} // on every machine, and run by the tests of the local stack where they can be
	known := map[string]func(*testing.T, command){
		"make": makeTarget, "go": goCommand, "git": gitCommand, "pulumi": pulumiCommand, "gcloud": gcloudCommand, "kubectl": kubectlCommand,
	}
	for _, tool := range []string{"curl", "jq", "openssl", "cat", "cut", "tee", "sort", "uniq", "head"} {
		known[tool] = plain
	}
	return known
}

func TestEveryCommandOfTheDocumentsExists(t *testing.T) {
	t.Parallel()
	for _, b := range every(t, "sh") {
		found, functions := commands(t, b)
		assert.NotEmpty(t, found, "%s:%d does nothing", b.document, b.line)
		for _, c := range found {
			if slices.Contains(functions, c.words[0]) {
				continue
			}
			check := checks()[c.words[0]]
			if assert.NotNil(t, check, "%s:%d: nobody knows the command %q", b.document, b.line, c.words[0]) {
				check(t, c)
			}
		}
	}
}

// makeTarget asks make itself.
func makeTarget(t *testing.T, c command) {
	t.Helper()
	dry := exec.CommandContext(t.Context(), "make", append([]string{"-n"}, c.words[1:]...)...)
	dry.Dir = root
	output, err := dry.CombinedOutput()
	assert.NoError(t, err, "%s:%d: %s: %s", c.document, c.line, c, output)
}

// gitCommand knows the few commands of Git that the documents use.
func gitCommand(t *testing.T, c command) {
	t.Helper()
	switch {
	case c.words[1] == "tag":
		flags, rest := c.flags()
		assert.Subset(t, []string{"--sign", "--message"}, flags, c)
		assert.Regexp(t, `^v\d+\.\d+\.\d+$`, rest[1], "%s:%d: no version", c.document, c.line)
	case c.words[1] == "push":
		assert.Len(t, c.words, 4, c)
	case c.words[1] == "fetch":
		assert.Equal(t, "git fetch origin", c.String())
	case c.words[1] == "switch":
		assert.Equal(t, []string{"--detach", "$"}, c.words[2:], c)
	default:
		require.Equal(t, "diff --stat", strings.Join(c.words[1:3], " "))
		assert.DirExists(t, filepath.Join(root, c.words[3]))
	}
}

// goCommand looks for the packages, and for the flags in the sources of those
// that are run.
func goCommand(t *testing.T, c command) {
	t.Helper()
	sources := map[string]string{"./local": "local", "./ops/incident": "ops/incident", "./ops": "ops", "./app/cmd/license": "app/cmd/license"}
	_, rest := c.flags()
	require.Contains(t, []string{"run", "test"}, rest[0], c)
	for _, word := range rest[1:] {
		if strings.HasPrefix(word, "./") {
			assert.DirExists(t, filepath.Join(root, word), c)
		}
	}
	if rest[0] != "run" {
		return
	}
	folder, known := sources[rest[1]]
	require.True(t, known, c)
	text := source(t, filepath.Join(root, folder))
	flags, words := c.flags()
	for _, flag := range flags {
		assert.Contains(t, text, `"`+strings.TrimLeft(flag, "-")+`"`, "%s:%d: no such flag in %s: %s", c.document, c.line, folder, flag)
	}
	if folder == "local" {
		assert.Regexp(t, `Use:\s+"`+regexp.QuoteMeta(words[2])+`[" ]`, text, "no such command: %s", c)
		setting(t, c, "local")
	}
}

// setting applies what --config sets.
func setting(t *testing.T, c command, stack string) {
	t.Helper()
	if assignment := c.value("--config"); assignment != "" {
		path, value, _ := strings.Cut(assignment, "=")
		applies(t, c.block, stack, plan.Set(path, typed(value)))
	}
}

// source is the text of all Go files in and below a folder.
func source(t *testing.T, folder string) string {
	t.Helper()
	var text strings.Builder
	require.NoError(t, filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		content, err := os.ReadFile(path)
		text.Write(content)
		return err
	}))
	return text.String()
}

// pulumiCommand knows the commands and flags of the CLI that the documents use
// (https://www.pulumi.com/docs/iac/cli/commands/), and checks each setting, each
// secret, each output and each stack against the program.
func pulumiCommand(t *testing.T, c command) {
	t.Helper()
	known := map[string][]string{
		"login": {}, "stack init": {"--secrets-provider"}, "stack output": {"--stack", "--json"}, "preview": {"--stack", "--diff", "--refresh"},
		"up": {"--stack", "--refresh", "--skip-preview"}, "config set": {"--secret", "--path", "--stack"}, "config get": {"--path", "--stack"}, "destroy": {"--stack", "--run-program"}, "stack export": {"--stack", "--file"}, "stack import": {"--stack", "--file"},
		"cancel": {"--stack", "--yes"}, "refresh": {"--stack", "--preview-only"}, "import": {}, "stack": {"--stack", "--show-urns"}, "stack history": {"--stack", "--page-size", "--json"},
		"stack rm": {"--stack", "--force", "--preserve-config"}, "stack rename": {"--stack"}, "state delete": {"--stack", "--force", "--target-dependents"}, "plugin install resource": {},
	}
	rest := allowed(t, c, known)
	stack := c.value("--stack")
	if stack == "" {
		stack = "prod"
	}
	if stack != "eu" && stack != strings.ToUpper(stack) { // the one that "Add a region" makes, or whichever the reader means
		assert.Contains(t, stacktest.Stacks(t), stack, c)
	}
	switch {
	case len(rest) == 0: // nothing is named that the program would have to know
	case slices.Contains(c.words, "--secret"), c.words[1] == "config" && !strings.Contains(rest[0], "."):
		_, err := stacktest.Try(t, "prod", plan.Plain(rest[0], "in plain text"))
		assert.ErrorContains(t, err, rest[0], "%s:%d: the program knows no secret %s", c.document, c.line, rest[0])
	case c.words[1] == "config" && c.words[2] == "set":
		applies(t, c.block, stack, plan.Set(strings.TrimPrefix(rest[0], "license-platform:"), typed(rest[1])))
	case c.words[1] == "config":
		assert.True(t, settingExists(strings.TrimPrefix(rest[0], "license-platform:")), c)
	case c.words[1] == "stack" && c.words[2] == "output":
		assert.NotNil(t, stacktest.Deploy(t, stack).Outputs().Get(rest[0]), "the program has no output %s", rest[0])
	}
}

// gcloudCommand knows the commands and flags that the documents use, each with
// its page below https://cloud.google.com/sdk/gcloud/reference.
func gcloudCommand(t *testing.T, c command) {
	t.Helper()
	allowed(t, c, map[string][]string{
		"auth application-default login":     {},
		"auth login":                         {},
		"auth print-access-token":            {},
		"services enable":                    {"--project"},
		"storage buckets create":             {"--project", "--location", "--uniform-bucket-level-access", "--public-access-prevention"},
		"storage buckets update":             {"--versioning"},
		"kms keyrings create":                {"--location", "--project"},
		"kms keys create":                    {"--keyring", "--location", "--purpose", "--project"},
		"kms keys get-iam-policy":            {"--keyring", "--location", "--project"},
		"kms keys list":                      {"--keyring", "--filter", "--format"},
		"kms keys versions list":             {"--key", "--keyring", "--location", "--filter", "--format", "--project"},
		"kms keys versions restore":          {"--project"},
		"kms keys versions enable":           {"--project"},
		"container clusters get-credentials": {"--location", "--project"},
		"compute networks peerings delete":   {"--network", "--project"},
		"compute security-policies describe": {"--flatten", "--format", "--project"},
		"compute ssl-certificates list":      {"--global", "--filter", "--format", "--project"},
		"iam roles create":                   {"--project", "--permissions"},
		"iam service-accounts keys list":     {"--iam-account", "--managed-by", "--project"},
		"projects get-iam-policy":            {"--flatten", "--filter", "--format"},
		"projects remove-iam-policy-binding": {"--member", "--role", "--all"},
		"redis instances describe":           {"--region", "--format", "--project"},
		"secrets get-iam-policy":             {"--project"},
		"monitoring uptime list-ips":         {"--project"},
		"logging read":                       {"--freshness", "--limit", "--format", "--project", "--order"},
		"sql backups list":                   {"--instance", "--project"},
		"sql backups restore":                {"--restore-instance", "--project"},
		"sql instances clone":                {"--point-in-time", "--project"},
		"sql instances delete":               {"--project"},
		"sql instances patch":                {"--no-deletion-protection", "--project"},
		"sql operations list":                {"--instance", "--limit", "--project"},

		"alpha monitoring policies list":              {},
		"beta monitoring channels list":               {},
		"compute forwarding-rules list":               {},
		"compute network-endpoint-groups list":        {},
		"container fleet memberships delete":          {},
		"container fleet memberships get-credentials": {"--location", "--project"},
		"container fleet memberships list":            {},
		"logging buckets list":                        {"--project"},
		"logging buckets undelete":                    {},
		"logging settings update":                     {},
		"resource-manager org-policies describe":      {"--project", "--effective"},
		"secrets versions list":                       {},
		"services vpc-peerings update":                {"--ranges", "--network", "--force", "--project"},
		"sql export sql":                              {"--database", "--project"},
		"sql instances describe":                      {"--format", "--project"},
		"storage buckets add-iam-policy-binding":      {"--member", "--role"},
	})
	if len(c.words) > 3 && c.words[2] == "read" {
		_, err := logfilter.Parse(c.words[3])
		assert.NoError(t, err, "%s:%d: Cloud Logging would refuse the filter", c.document, c.line)
	}
	declared, err := everythingDeclared()
	require.NoError(t, err)
	for _, flag := range []string{"--keyring", "--key", "--project", "--location"} {
		value := c.value(flag)
		if value == "" || strings.Contains(value, "$") || value == strings.ToUpper(value) || value == "pulumi" { // the key ring of the state, made by hand
			continue
		}
		assert.Contains(t, declared, `"`+value+`"`, "%s:%d: no stack has %s %s", c.document, c.line, flag, value)
	}
}

// kubectlCommand knows the commands and flags that the documents use
// (https://kubernetes.io/docs/reference/kubectl/generated/).
func kubectlCommand(t *testing.T, c command) {
	t.Helper()
	known := []string{"-n", "--namespace", "-l", "--selector", "--output", "--tail", "--since"}
	flags, rest := c.flags()
	for _, flag := range flags {
		assert.Contains(t, known, flag, c)
	}
	if slices.Contains(flags, "-n") {
		rest = slices.DeleteFunc(rest, func(word string) bool { return word == c.value("-n") })
	}
	assert.Contains(t, []string{"get", "delete", "logs", "describe", "rollout", "top", "annotate", "apply", "config", "edit", "label", "replace", "scale"}, rest[0], c)
	declared, err := everythingDeclared()
	require.NoError(t, err)
	for _, flag := range []string{"-n", "--namespace"} {
		if namespace := c.value(flag); namespace != "" {
			assert.Contains(t, declared, `"`+namespace+`"`, c)
		}
	}
	for _, flag := range []string{"-l", "--selector"} {
		if selector := c.value(flag); selector != "" {
			key, value, _ := strings.Cut(selector, "=")
			assert.Contains(t, declared, `"`+key+`":"`+value+`"`, c)
		}
	}
}

// allowed finds the longest known command that c begins with, checks its flags,
// and returns the other words behind it.
func allowed(t *testing.T, c command, known map[string][]string) []string {
	t.Helper()
	for length := 4; length > 0; length-- {
		words := c.words[1:min(len(c.words), length+1)]
		flags, found := known[strings.Join(words, " ")]
		if !found || len(words) < length {
			continue
		}
		rest := command{block: c.block, words: c.words[length:]}
		given, values := rest.flags()
		for _, flag := range given {
			assert.Contains(t, flags, flag, "%s:%d: %s", c.document, c.line, c)
		}
		return slices.DeleteFunc(values, func(word string) bool { return slices.Contains(given, "--stack") && word == c.value("--stack") })
	}
	t.Errorf("%s:%d: nobody looked at %q", c.document, c.line, c)
	return nil
}
