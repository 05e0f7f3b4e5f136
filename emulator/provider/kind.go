package provider

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/coditect-ai/license-platform/emulator/store"
)

// Configuration is what the program's provider resource says: the defaults for
// every resource that names none of its own.
type Configuration struct {
	Project, Region string
	// Labels are the provider's default labels.
	Labels map[string]any
	// Upsert lets a creation take over an object that exists already.
	Upsert bool
}

// Failure is one reason why inputs are refused.
type Failure struct {
	// Property is the path of the input, empty for the resource as a whole.
	Property string
	// Reason is worded like the API's own message.
	Reason string
}

// Refuse makes a failure with a formatted reason.
func Refuse(property, format string, values ...any) Failure {
	return Failure{Property: property, Reason: fmt.Sprintf(format, values...)}
}

// Draft is a resource on its way into the cloud.
type Draft struct {
	// URN and Name are Pulumi's, Name being the last part of the URN.
	URN, Name string
	// Config is the provider's configuration.
	Config Configuration
	// Inputs are the checked inputs.
	Inputs Properties
	// Outputs hold the inputs, and on an update what was computed before, when
	// Compute is called; it adds to them.
	Outputs Properties
	// Exists says that this is an update.
	Exists bool
	// Limit is how long the program lets the engine wait; 0 is the kind's own.
	Limit time.Duration
	// IgnoreChanges are the properties whose changes the program ignores.
	IgnoreChanges []string
}

// Project returns the draft's own project, else the provider's.
func (d *Draft) Project() string {
	if project := d.Inputs.Text("project"); project != "" {
		return project
	}
	return d.Config.Project
}

// Region returns the draft's own region, else the provider's.
func (d *Draft) Region() string {
	if region := d.Inputs.Text("region"); region != "" {
		return region
	}
	return d.Config.Region
}

// Kind is what the embedded cloud knows about one type of resource. Type and ID
// are required, everything else may be left out.
type Kind struct {
	// Type is Pulumi's type token.
	Type string
	// Free says why a resource costs nothing by itself. Empty means that ops/cost has
	// its price.
	Free string
	// Own says that a resource has its own name that nobody else reads, or is part of
	// such a resource. ops/neighbours lists the effects of all other resources on others.
	Own bool
	// Stored is the type under which the store keeps the resource, where that is
	// another one: a patch is kept as the object that it changes. Empty means Type.
	Stored string
	// NameProperty is the input that is filled with the resource's name and a
	// random suffix when the program leaves it out.
	NameProperty string
	// Fields say what the provider's schema says about the inputs.
	Fields Fields
	// Immutable lists further inputs that cannot change in place, so that a change
	// replaces the resource. "*" means all of them.
	Immutable []string
	// Replaces lists further inputs that cannot change as they are about to: a
	// disk can grow in place, but not shrink. It may be left out.
	Replaces func(before, after Properties) []string
	// Unready lists the inputs that ask to replace a present resource which does not work. It
	// may be left out.
	Unready func(id string, inputs Properties) []string
	// Decided lists inputs, by their path, that the API answers in its own way although the
	// provider's schema does not call them computed. The provider compares what is declared
	// with the answer, which Compute puts into the outputs.
	Decided []string
	// Computed lists the outputs that are unknown before the resource exists.
	Computed []string
	// Secret lists the outputs that are secret by nature.
	Secret []string
	// Check refuses inputs that the API would refuse although they satisfy the Fields.
	// Values may be Unknown.
	Check func(d *Draft) []Failure
	// ID returns the identity of the resource within its type.
	ID func(d *Draft) string
	// MatchesImportID says whether a user who gives this id means the resource with that one:
	// providers import by several forms of an id. It may be left out.
	MatchesImportID func(given, id string) bool
	// Compute adds the outputs that the API computes. It runs alone, so it may
	// allocate.
	Compute func(ctx context.Context, d *Draft) error
	// Ensure makes the resource real on this machine. It can be called again
	// for a resource that exists already, also after a restart.
	Ensure func(ctx context.Context, r store.Resource) error
	// Await returns when the resource works. Its error leaves the resource in
	// place, marked as not initialised.
	Await func(ctx context.Context, r store.Resource) error
	// Waits is how long Await may take unless the program says otherwise; 0 has no
	// limit.
	Waits time.Duration
	// Refusal says why the resource cannot be deleted now, nil when it can.
	Refusal func(r store.Resource) error
	// Remove takes the real thing away again.
	Remove func(ctx context.Context, r store.Resource) error
	// Missing is what the provider ends with when it reads a resource that is there no more. Without
	// it a refresh takes such a resource out of the state.
	Missing func(id string) error
	// Unread lists the inputs that the provider does not read of what exists, so that its state
	// lacks them after an import. The next update gives them, and one that cannot change in
	// place replaces the resource.
	Unread []string
	// Seen returns the properties of an existing resource that a refresh compares with
	// the declared ones; nothing is declared when it is imported or looked up. Without it
	// that is what the store has as inputs.
	Seen func(present store.Resource, declared Properties) Properties
	// Release gives back what a resource changed of something that was there before:
	// it returns how that stays. Without it the resource is deleted.
	Release func(r store.Resource) (store.Resource, error)
	// Retained resources stay when their Pulumi resource goes, as the API
	// offers no deletion. Their name stays in use, unless Adopt says otherwise.
	Retained bool
	// Leave returns how a retained resource stays. It may be left out.
	Leave func(r store.Resource) store.Resource
	// Abandoned tells whether this resource stays when its Pulumi resource goes,
	// because its inputs say so. It may be left out.
	Abandoned func(inputs Properties) bool
	// NameKept is how long the name of a deleted resource cannot be used again.
	NameKept time.Duration
	// WhileNameKept words why a name cannot be used again yet; nil: as of one in use.
	WhileNameKept func(id string, free time.Time) error
	// Numbered says that the API gives each new resource an id of its own, so that a creation
	// never meets what exists.
	Numbered bool
	// Adopt prepares the draft to take over an existing resource that belongs to no
	// program, or says why it cannot. Without it, the name is in use.
	Adopt func(d *Draft, present store.Resource) error
}

// Function is a lookup that programs invoke.
type Function func(ctx context.Context, config Configuration, args Properties) (Properties, error)

// answered returns the inputs with what the API answered to those that it decides about.
func (k Kind) answered(inputs, outputs Properties) Properties {
	if len(k.Decided) == 0 {
		return inputs
	}
	completed, _ := clone(map[string]any(inputs)).(map[string]any)
	for _, path := range k.Decided {
		for _, p := range places(completed, path) {
			if answer, given := outputs.At(path); given {
				p.holder[p.key] = clone(answer)
			}
		}
	}
	return completed
}

// stored is the type under which the store keeps the resource.
func (k Kind) stored() string {
	if k.Stored != "" {
		return k.Stored
	}
	return k.Type
}

// hide adds the outputs that are secret by nature to those that came in secret.
func (k Kind) hide(hidden map[string]bool) map[string]bool {
	all := maps.Clone(hidden)
	if all == nil {
		all = map[string]bool{}
	}
	for _, name := range k.Secret {
		all[name] = true
	}
	return all
}
