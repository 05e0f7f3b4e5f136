package docs_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/coditect-ai/license-platform/setting/stackfile"
	"github.com/coditect-ai/license-platform/stack"
	"github.com/coditect-ai/license-platform/stack/plan"
	"github.com/coditect-ai/license-platform/stack/stacktest"
)

// typed is a value as `pulumi config set --path` and --config take it.
func typed(text string) any {
	var value any
	if json.Unmarshal([]byte(text), &value) != nil {
		return text
	}
	return value
}

// applies says that a stack with these changes is valid.
func applies(t *testing.T, b block, name string, changes ...plan.Change) *plan.Plan {
	t.Helper()
	made, err := stacktest.Try(t, name, changes...)
	require.NoError(t, err, "%s:%d", b.document, b.line)
	return made
}

// everythingDeclared is all that the stacks declare and set, as text.
var everythingDeclared = sync.OnceValues(func() (string, error) {
	var text strings.Builder
	for _, name := range stackfile.Names("..") {
		made, err := plan.Make(root, name)
		if err != nil {
			return "", err
		}
		for _, r := range made.Resources {
			content, err := json.Marshal(r.Shown())
			if err != nil {
				return "", err
			}
			text.Write(content)
		}
		settings, err := os.ReadFile(filepath.Join(root, "Pulumi."+name+".yaml"))
		if err != nil {
			return "", err
		}
		for _, word := range regexp.MustCompile(`[a-z0-9-]+`).FindAllString(string(settings), -1) {
			fmt.Fprintf(&text, "%q ", word)
		}
	}
	return text.String(), nil
})

// inputs are everything that a plan declares, by URN.
func inputs(made *plan.Plan) map[string]any {
	all := map[string]any{}
	for _, r := range made.Resources {
		all[r.URN] = r.Inputs()
	}
	return all
}

func TestEveryChangeOfSettingsInTheDocumentsIsValidAndChangesThePlan(t *testing.T) {
	t.Parallel()
	for _, b := range every(t, "yaml") {
		named := regexp.MustCompile(`^# Pulumi\.(\w+)\.yaml\n`).FindStringSubmatch(b.text)
		require.NotNil(t, named, "%s:%d does not say which file it is of", b.document, b.line)
		var object map[string]any
		require.NoError(t, yaml.UnmarshalStrict([]byte(b.text), &object))

		var changes []plan.Change
		for key, value := range object {
			path, ours := strings.CutPrefix(key, "license-platform:")
			require.True(t, ours, key)
			changes = append(changes, leaves(path, value)...)
		}
		changed := applies(t, b, named[1], changes...)
		if _, only := object["license-platform:checks"]; only && len(object) == 1 {
			continue // it leaves comparisons out, and declares the same
		}
		assert.NotEqual(t, inputs(stacktest.Deploy(t, named[1])), inputs(changed), "%s:%d changes nothing", b.document, b.line)
	}
}

// leaves sets every value below path; lists are values.
func leaves(path string, value any) []plan.Change {
	object, nested := value.(map[string]any)
	if !nested {
		return []plan.Change{plan.Set(path, value)}
	}
	var all []plan.Change
	for key, below := range object {
		all = append(all, leaves(path+"."+key, below)...)
	}
	return all
}

func TestTheSigningKeyIsRotatedInTwoUpdatesAndNoTokenIsRefused(t *testing.T) {
	t.Parallel()
	versions := func(states ...string) []any {
		var all []any
		for i, name := range []string{"2026-11", "2027-02"}[:len(states)] {
			all = append(all, map[string]any{"name": name, "state": states[i]})
		}
		return all
	}
	environment := func(made *plan.Plan) (active, published string) {
		outputs := made.Outputs()
		return fmt.Sprint(outputs.Get("activeSigningVersion")), fmt.Sprint(outputs.Get("signingVersions"))
	}
	version := func(made *plan.Plan, name string) string {
		return made.One(t, "gcp:kms/cryptoKeyVersion:CryptoKeyVersion", "keys-signing-"+name).ID
	}

	first := stacktest.Deploy(t, "prod", plan.Set("data.signing.versions", versions("ENABLED", "ENABLED")))
	active, published := environment(first)
	assert.Equal(t, version(first, "2026-11"), active, "the old version signs until every client knows the new one")
	assert.Contains(t, published, version(first, "2026-11"))
	assert.Contains(t, published, version(first, "2027-02"), "clients learn the new version an hour before it signs")

	second := stacktest.Deploy(t, "prod", plan.Set("data.signing.versions", versions("ENABLED", "ENABLED")), plan.Set("data.signing.active", "2027-02"))
	after, published := environment(second)
	assert.Contains(t, after, version(second, "2027-02"))
	assert.Contains(t, published, version(second, "2026-11"), "tokens of the old version are still verified")

	third := stacktest.Deploy(t, "prod", plan.Set("data.signing.versions", versions("DISABLED", "ENABLED")), plan.Set("data.signing.active", "2027-02"))
	_, published = environment(third)
	assert.NotContains(t, published, version(third, "2026-11"))
}

// settingExists tells whether the program reads a setting of this path.
func settingExists(path string) bool {
	at := reflect.TypeFor[stack.Settings]()
	for key := range strings.SplitSeq(path, ".") {
		for at.Kind() == reflect.Pointer || at.Kind() == reflect.Slice {
			at = at.Elem()
		}
		switch at.Kind() {
		case reflect.Map:
			at = at.Elem()
		case reflect.Struct:
			field, found := at.FieldByNameFunc(func(name string) bool {
				f, _ := at.FieldByName(name)
				tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
				return tag == key
			})
			if !found {
				return false
			}
			at = field.Type
		default:
			return false
		}
	}
	return true
}

// settingForm is how running text names a setting: a layer's key, and what is
// below it; a value may follow.
var settingForm = regexp.MustCompile("`(?:license-platform:)?((?:platform|armor|network|kubernetes|identity|data|observe|api|checks)(?:\\.[a-z][A-Za-z]*)+)(?:: [^`]*)?`")

func TestEverySettingThatTheDocumentsNameExists(t *testing.T) {
	t.Parallel()
	named := 0
	for _, document := range documents(t) {
		content, err := os.ReadFile(document)
		require.NoError(t, err)
		for _, match := range settingForm.FindAllStringSubmatch(string(content), -1) {
			if strings.HasSuffix(match[1], ".go") || strings.HasSuffix(match[1], ".googleapis.com") {
				continue
			}
			named++
			assert.True(t, settingExists(match[1]), "%s names the setting %s", document, match[1])
		}
	}
	assert.Greater(t, named, 15)
	assert.False(t, settingExists("data.signing.rotationPeriod"))
	assert.False(t, settingExists("armor.waf.sets.sqli.sensitivty"))
}
