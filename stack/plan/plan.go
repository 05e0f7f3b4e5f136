package plan

import (
	"strings"

	"github.com/coditect-ai/license-platform/declared"
)

// Plan is what a program declared.
type Plan struct {
	// Stack is the stack's name.
	Stack string
	// Resources are in the order of their declaration.
	declared.Resources
	// Pushed are the places where images were published, "WHAT REPOSITORY:TAG"; WHAT
	// is the platform that an image was built for, or the image that was copied.
	Pushed []string
}

// Outputs are the stack's.
func (p *Plan) Outputs() declared.Resource {
	outputs, _ := p.Find(OutputsType, "outputs")
	return outputs
}

// InCloud are the resources that somebody makes: neither components nor providers nor
// the program's outputs.
func (p *Plan) InCloud() (made []declared.Resource) {
	for _, r := range p.Resources {
		if r.Custom && r.Type != OutputsType && !strings.HasPrefix(r.Type, "pulumi:providers:") {
			made = append(made, r)
		}
	}
	return made
}
