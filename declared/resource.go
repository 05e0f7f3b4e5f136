package declared

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Resource is one declared resource.
type Resource struct {
	// Type is Pulumi's token, Name the program's name for it.
	Type, Name string
	// ID is the id that the cloud gave it; empty for a component, and for a refused
	// resource.
	ID string
	// URN and Parent identify it and the component it belongs to.
	URN, Parent string
	// Custom is false for a component.
	Custom bool
	// Protect and RetainOnDelete are its options.
	Protect, RetainOnDelete bool
	// Provider is the URN and id of the provider that makes it.
	Provider string
	// IgnoreChanges are the properties that an update leaves as they are.
	IgnoreChanges []string
	// ReplaceOnChanges are the properties whose change replaces the resource, and
	// DeleteBeforeReplace says that the old one is deleted first.
	ReplaceOnChanges    []string
	DeleteBeforeReplace bool
	// DeletedWith is the URN of what takes this resource with it when it is deleted; empty
	// means that it is deleted by itself.
	DeletedWith string
	// Aliases are other names that the state may have for it: URNs, or the "TYPE::NAME" that
	// they end with.
	Aliases []string
	// CreateWait, UpdateWait and DeleteWait are how long the engine waits, such as "960s";
	// empty is the provider's own limit.
	CreateWait, UpdateWait, DeleteWait string
	// DependsOn are the URNs of all that it directly comes after.
	DependsOn []string

	// Properties are the declared inputs as Pulumi has them, secrets included.
	Properties resource.PropertyMap
}

// Options are the options that decide what an update or a destroy does, in words, such as
// "ignores changes of settings.diskSize".
func (r Resource) Options() (options []string) {
	add := func(given bool, text string) {
		if given {
			options = append(options, text)
		}
	}
	add(r.Protect, "protected")
	add(r.RetainOnDelete, "retained")
	add(len(r.IgnoreChanges) > 0, "ignores changes of "+strings.Join(r.IgnoreChanges, ", "))
	add(len(r.ReplaceOnChanges) > 0, "replaced on changes of "+strings.Join(r.ReplaceOnChanges, ", "))
	add(r.DeleteBeforeReplace, "deleted before it is replaced")
	add(r.DeletedWith != "", "deleted with "+r.DeletedWith[strings.LastIndex(r.DeletedWith, ":")+1:])
	add(r.CreateWait != "", "create waits "+r.CreateWait)
	add(r.UpdateWait != "", "update waits "+r.UpdateWait)
	add(r.DeleteWait != "", "delete waits "+r.DeleteWait)
	return options
}

// Inputs are the declared properties, out of their secrets.
func (r Resource) Inputs() map[string]any {
	return open(resource.NewProperty(r.Properties)).(map[string]any)
}

// Shown are the inputs with hidden secrets, as people may see them.
func (r Resource) Shown() map[string]any {
	return open(hidden(resource.NewProperty(r.Properties))).(map[string]any)
}

// Get returns the input at a path such as "spec.template.spec.containers[0].image",
// or nil.
func (r Resource) Get(path string) any {
	parsed, err := resource.ParsePropertyPath(path)
	if err != nil {
		return nil
	}
	found, _ := parsed.Get(resource.NewProperty(unsealed(resource.NewProperty(r.Properties)).ObjectValue()))
	return open(found)
}

// Text is Get for text; it is empty for anything else.
func (r Resource) Text(path string) string {
	text, _ := r.Get(path).(string)
	return text
}

// Secret tells whether the input at path is a secret.
func (r Resource) Secret(path string) bool {
	parsed, err := resource.ParsePropertyPath(path)
	if err != nil {
		return false
	}
	found, _ := parsed.Get(resource.NewProperty(r.Properties))
	return found.IsSecret()
}

// Leaks returns the paths at which an input holds the value and is not a secret.
func (r Resource) Leaks(value string) []string {
	var paths []string
	walk("", resource.NewProperty(r.Properties), func(path, text string) {
		if strings.Contains(text, value) {
			paths = append(paths, path)
		}
	})
	return paths
}

// With returns a copy of the resource whose input at path has another value; nil
// takes the input away. A path that cannot be changed returns the resource as
// it is, and false.
func (r Resource) With(path string, value any) (Resource, bool) {
	parsed, err := resource.ParsePropertyPath(path)
	if err != nil {
		return r, false
	}
	properties := resource.NewProperty(unsealed(resource.NewProperty(r.Properties)).ObjectValue().Copy())
	changed := false
	if value == nil {
		changed = parsed.Delete(properties)
	} else {
		properties, changed = parsed.Add(properties, resource.NewPropertyValue(value))
	}
	if changed {
		r.Properties = properties.ObjectValue()
	}
	return r, changed
}

// Kubernetes tells whether it is an object in the cluster.
func (r Resource) Kubernetes() bool { return strings.HasPrefix(r.Type, "kubernetes:") }
