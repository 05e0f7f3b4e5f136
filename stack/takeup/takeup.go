// Package takeup says by which command a resource that exists already gets into the state
// of a stack. That is needed when an update ended between a creation and its answer: Google
// has the resource, the state does not, and every later update is told that it exists.
package takeup

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// existing are the forms in which a creation is told that there is such a resource. The
// provider's (v5.42) own are those of resource_container_node_pool.go,
// resource_compute_router_nat.go, resource_google_project_iam_custom_role.go and
// resource_google_project_service.go; of two rules with one priority Compute Engine says
// that the value is invalid (https://cloud.google.com/compute/docs/reference/rest/v1/securityPolicies/addRule).
var existing = regexp.MustCompile(`Error 409: |already exists|existing object already found|has already been enabled for this project|Cannot have rules with the same priorities`)

// Exists tells whether a creation failed because there is such a resource.
func Exists(message string) bool { return existing.MatchString(message) }

// Place is the place of a resource in a stack.
type Place struct {
	// Stack is the stack's name.
	Stack string
	// Type and Name are the resource's own, Parent is the URN of its component; empty means
	// none.
	Type, Name, Parent string
	// Provider is the URN of the provider resource that makes it.
	Provider string
	// Project and Region are the provider's, for inputs that name none.
	Project, Region string
}

// Command is the command that takes the resource with these inputs into the state. It is
// empty for a type whose creation never meets an existing one.
func Command(at Place, inputs resource.PropertyMap) string {
	id := ID(at, inputs)
	if id == "" {
		return ""
	}
	words := []string{"pulumi import --stack " + at.Stack + " --yes --protect=false --generate-code=false"}
	if at.Parent != "" {
		words = append(words, "--parent "+quoted("parent="+at.Parent))
	}
	if at.Provider != "" {
		words = append(words, "--provider "+quoted("provider="+at.Provider))
	}
	return strings.Join(append(words, quoted(at.Type), quoted(at.Name), quoted(id)), " ")
}

// quoted is a word of a shell; none of these holds a quote.
func quoted(word string) string { return "'" + word + "'" }

// part is a place in a form that an input fills: {name}, or {keyRing.last} for what stands
// behind the input's last slash.
var part = regexp.MustCompile(`\{([a-zA-Z.]+)\}`)

// ID is the id by which the provider imports the resource with these inputs, and empty when
// it cannot be told.
func ID(at Place, inputs resource.PropertyMap) string {
	form, known := forms()[at.Type]
	if !known && strings.HasPrefix(at.Type, "kubernetes:") {
		form = "{metadata.namespace}/{metadata.name}"
		if text(inputs, "metadata.namespace") == "" {
			form = "{metadata.name}"
		}
	}
	whole := form != ""
	id := part.ReplaceAllStringFunc(form, func(place string) string {
		path, cut := strings.CutSuffix(strings.Trim(place, "{}"), ".last")
		value := text(inputs, path)
		switch {
		case value == "" && path == "project":
			value = at.Project
		case value == "" && (path == "region" || path == "location"):
			value = at.Region
		}
		whole = whole && value != ""
		if cut {
			value = value[strings.LastIndex(value, "/")+1:]
		}
		return value
	})
	if !whole {
		return ""
	}
	return id
}

// text is the input at a path, a number as it is written.
func text(inputs resource.PropertyMap, path string) string {
	parsed, err := resource.ParsePropertyPath(path)
	if err != nil {
		return ""
	}
	value, found := parsed.Get(resource.NewProperty(inputs))
	for found && (value.IsSecret() || value.IsOutput()) {
		if value.IsSecret() {
			value = value.SecretValue().Element
		} else {
			value = value.OutputValue().Element
		}
	}
	switch {
	case !found:
		return ""
	case value.IsString():
		return value.StringValue()
	case value.IsNumber():
		return fmt.Sprintf("%.0f", value.NumberValue())
	default:
		return ""
	}
}
