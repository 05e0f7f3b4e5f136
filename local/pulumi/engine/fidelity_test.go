package engine_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/emulator/store"
	"github.com/coditect-ai/license-platform/local/pulumi/engine"
)

const thingType = "gcp:test/thing:Thing"

// wanted is one thing that a program declares.
type wanted struct {
	name, shape string
	size        int
	unnamed     bool // the provider makes up its name
	options     []pulumi.ResourceOption
	after       string // the thing that it depends on
}

// declare makes a program of things.
func declare(things ...wanted) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		var google struct{ pulumi.ProviderResourceState }
		if err := ctx.RegisterResource("pulumi:providers:gcp", "gcp", pulumi.Map{"project": pulumi.String("p")}, &google); err != nil {
			return err
		}
		made := map[string]*thingResource{}
		for _, w := range things {
			inputs := pulumi.Map{"size": pulumi.Int(w.size)}
			if !w.unnamed {
				inputs["name"] = pulumi.String(w.name)
			}
			if w.shape != "" {
				inputs["shape"] = pulumi.String(w.shape)
			}
			options := append([]pulumi.ResourceOption{pulumi.Provider(&google)}, w.options...)
			if w.after != "" {
				options = append(options, pulumi.DependsOn([]pulumi.Resource{made[w.after]}))
			}
			made[w.name] = &thingResource{}
			if err := ctx.RegisterResource(thingType, w.name, inputs, made[w.name], options...); err != nil {
				return err
			}
		}
		return nil
	}
}

func adopt(id string) []pulumi.ResourceOption {
	return []pulumi.ResourceOption{pulumi.Import(pulumi.ID(id))}
}

// ops lists what was done, or would be done, to each thing that changes.
func ops(found map[string]string) func(engine.Step) {
	return func(s engine.Step) {
		if s.Type == thingType && s.Phase == engine.Started && s.Changes() {
			found[s.Name] += s.Op + " "
		}
	}
}

// teller runs one program after the other through one engine: to open another
// one takes half a second.
type teller struct {
	fixture
	*engine.Engine
	things []wanted
}

func (w fixture) teller(t *testing.T) *teller {
	t.Helper()
	story := &teller{fixture: w}
	story.Engine = w.open(t, func(ctx *pulumi.Context) error { return declare(story.things...)(ctx) })
	return story
}

// try brings up these things and returns what was done to each that changed.
func (s *teller) try(t *testing.T, things []wanted, targets ...string) (map[string]string, error) {
	t.Helper()
	s.things = things
	found := map[string]string{}
	_, err := s.Up(t.Context(), ops(found), targets...)
	return found, err
}

func (s *teller) up(t *testing.T, things []wanted, targets ...string) map[string]string {
	t.Helper()
	found, err := s.try(t, things, targets...)
	require.NoError(t, err)
	return found
}

// size is that of a thing in the cloud; 0 when it does not exist.
func (w fixture) size(id string) float64 {
	present, _ := w.store.Get(thingType, id)
	size, _ := present.Outputs["size"].(float64)
	return size
}

// TestTheEngineTreatsOurProvidersAsRealOnes is one story, told in order, as each
// run of the engine costs a second.
func TestTheEngineTreatsOurProvidersAsRealOnes(t *testing.T) {
	t.Parallel()
	w := newFixture(t).teller(t)
	theirs := map[string]any{"name": "theirs", "size": 7.0}
	require.NoError(t, w.store.Put(store.Resource{Type: thingType, ID: "p/theirs", Inputs: theirs, Outputs: theirs}))

	// Import: what does not exist is refused. The rest is adopted as it is, and a
	// program that would have to replace it is told so.
	_, err := w.try(t, []wanted{{name: "nobody", size: 7, options: adopt("p/nobody")}})
	require.ErrorContains(t, err, "resource 'p/nobody' does not exist")
	found, err := w.try(t, []wanted{{name: "theirs", size: 7, shape: "round", options: adopt("p/theirs")}})
	require.ErrorContains(t, err, "previously-imported resources that still specify an ID may not be replaced")
	assert.Equal(t, map[string]string{"theirs": "import "}, found)

	first := []wanted{
		{name: "theirs", size: 7, options: adopt("p/theirs")},
		{name: "base", size: 1, shape: "round"},
		{name: "auto", size: 1, shape: "round", unnamed: true},
		{name: "guarded", size: 1, options: []pulumi.ResourceOption{pulumi.Protect(true)}},
		{name: "kept", size: 1, options: []pulumi.ResourceOption{pulumi.RetainOnDelete(true)}},
		{name: "user", size: 1, after: "base"},
	}
	assert.Equal(t, map[string]string{
		"base": "create ", "auto": "create ", "guarded": "create ", "kept": "create ", "user": "create ",
	}, w.up(t, first))
	present, _ := w.store.Get(thingType, "p/theirs")
	assert.Equal(t, theirs, present.Inputs, "an import changes nothing")

	// A targeted update touches its target, and not what the target depends on.
	second := make([]wanted, len(first))
	for i, each := range first {
		each.size++
		second[i] = each
	}
	assert.Equal(t, map[string]string{"user": "update "}, w.up(t, second, "**::user"))
	assert.InDelta(t, 2, w.size("p/user"), 0)
	assert.InDelta(t, 1, w.size("p/base"), 0)
	err = w.Preview(t.Context(), func(engine.Step) {}, "**::usr")
	require.ErrorContains(t, err, `no resource matches the target "**::usr"`)

	// A name of the program's own is given up before it is used again; a made-up
	// one is not. What is retained stays when its resource goes.
	var third []wanted
	for _, each := range second {
		if each.shape != "" {
			each.shape = "square"
		}
		if each.name != "kept" {
			third = append(third, each)
		}
	}
	replaced := w.up(t, third)
	assert.Equal(t, "delete-replaced replace create-replacement ", replaced["base"])
	assert.Equal(t, "create-replacement replace delete-replaced ", replaced["auto"])
	assert.Equal(t, "delete ", replaced["kept"])
	assert.InDelta(t, 1, w.size("p/kept"), 0, "it is still there")
	assert.Equal(t, "update ", replaced["theirs"], "what was imported is ours now")

	w.drifts(t, third)
	w.protects(t, third)
}

// drifts changes a thing behind Pulumi's back: a comparison finds it and changes
// nothing, a refresh takes it over, an update puts it back.
func (s *teller) drifts(t *testing.T, things []wanted) {
	t.Helper()
	changed, _ := s.store.Get(thingType, "p/user")
	changed.Inputs["size"], changed.Outputs["size"] = 9.0, 9.0
	require.NoError(t, s.store.Put(changed))
	before := s.state(t)
	found := map[string]string{}
	watch := func(done engine.Step) {
		if done.Type == thingType && done.Phase == engine.Done && done.Op != "refresh" && done.Op != "same" {
			found[done.Name] = done.Op
		}
	}
	require.NoError(t, s.Drift(t.Context(), watch))
	assert.Equal(t, map[string]string{"user": "update"}, found)
	assert.Equal(t, before, s.state(t), "comparing changes nothing")
	require.NoError(t, s.Refresh(t.Context(), func(engine.Step) {}))
	assert.Equal(t, map[string]string{"user": "update "}, s.up(t, things), "only what drifted is put back")
	assert.InDelta(t, 2, s.size("p/user"), 0)
}

// protects keeps a protected thing when its declaration is removed, and when
// everything is destroyed.
func (s *teller) protects(t *testing.T, things []wanted) {
	t.Helper()
	unguarded := slices.DeleteFunc(slices.Clone(things), func(each wanted) bool { return each.name == "guarded" })
	_, err := s.try(t, unguarded)
	require.ErrorContains(t, err, "guarded")
	require.ErrorContains(t, err, "protect")
	assert.Contains(t, s.state(t), "::guarded")

	err = s.Destroy(t.Context(), func(engine.Step) {})
	require.ErrorContains(t, err, "protect")
	assert.InDelta(t, 2, s.size("p/guarded"), 0, "it exists")
	assert.Contains(t, s.state(t), "::guarded", "and the engine knows it")
	assert.Zero(t, s.size("p/base"), "what is not protected is gone")
	assert.InDelta(t, 1, s.size("p/kept"), 0, "but for what is nobody's any more")
}

// state is the engine's file.
func (w fixture) state(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(w.dir, "state", ".pulumi", "stacks", engine.Project, engine.Stack+".json"))
	require.NoError(t, err)
	return string(content)
}
