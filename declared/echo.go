package declared

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Echo is a cloud that makes nothing and refuses nothing: a resource's id is its name
// behind "id-of-", its outputs are its inputs.
type Echo struct {
	// Computed are further outputs; it may be nil.
	Computed func(typ, name string) resource.PropertyMap
	// Answers are the results of look-ups, by token.
	Answers map[string]resource.PropertyMap
	// WithoutIDs leaves out ids, as in the preview before a first update.
	WithoutIDs bool
}

// Make implements Cloud.
func (e Echo) Make(r Resource) (string, resource.PropertyMap, error) {
	outputs := r.Properties.Copy()
	if e.Computed != nil {
		for key, value := range e.Computed(r.Type, r.Name) {
			outputs[key] = value
		}
	}
	if e.WithoutIDs {
		return "", outputs, nil
	}
	return idOf(r), outputs, nil
}

// Read implements Cloud: nothing exists.
func (Echo) Read(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	return "", nil, fmt.Errorf("resource '%s' does not exist", args.ID)
}

// Call implements Cloud.
func (e Echo) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return e.Answers[args.Token], nil
}
