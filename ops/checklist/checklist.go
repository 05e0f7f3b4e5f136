// Package checklist checks the plan of a stack against the security checklist of the
// design, and against checkov's checks of the same resource types. No item passes without
// proof. It passes because of properties of declared resources, or because of a test at
// run time; the result names the properties with their values, or the test.
package checklist

import (
	"github.com/coditect-ai/license-platform/stack/plan"
)

// Status is an item's outcome.
type Status string

// The outcomes.
const (
	// Pass says that every property that proves the item is as it has to be.
	Pass Status = "pass"
	// Fail says that one is not.
	Fail Status = "fail"
	// NotApplicable says that the stack declares no resource for the item, or that no
	// plan can prove it; the result says why.
	NotApplicable Status = "not applicable"
	// Runtime says that a test proves the item on a running stack.
	Runtime Status = "runtime"
)

// Plans are what a stack declares.
type Plans struct {
	// Now is the plan with the stack's settings.
	Now *plan.Plan
	// Lockdown is the plan of the same stack with platform.lockdown set.
	Lockdown *plan.Plan
}

// Item is one line of a checklist.
type Item struct {
	// ID names the item and stays, for example "data.backups" or "CKV_GCP_6".
	ID string
	// Section is the heading that it stands below.
	Section string
	// Text is the checklist's own.
	Text string
	// Requirements are all that has to hold in the plan. Without any, the item
	// is proved at run time by Tests, or not applicable.
	Requirements []Requirement
	// Tests prove on a running stack what a plan cannot.
	Tests []Test
	// Why says why the item does not apply, for an item without requirements
	// and tests.
	Why string
	// Note says what neither the plan nor a test proves, and what people have to check.
	Note string
}

// Test is a test of this module.
type Test struct {
	// Package is its folder below the module's root.
	Package string `json:"package"`
	// Name is the function's.
	Name string `json:"name"`
	// Step is the name of a step within, if the test has some.
	Step string `json:"step,omitempty"`
}

// String is the test as one gives it to go test.
func (t Test) String() string {
	text := t.Package + " " + t.Name
	if t.Step != "" {
		text += ": " + t.Step
	}
	return text
}

// Evidence is one property that an item was evaluated by.
type Evidence struct {
	// Resource is "TYPE NAME".
	Resource string `json:"resource"`
	// Path is the property's, or an option of the resource with an @.
	Path string `json:"path"`
	// Found is its value.
	Found any `json:"found"`
	// Wanted says what it has to be.
	Wanted string `json:"wanted"`
	// Met says whether it is.
	Met bool `json:"met"`
}

// Result is an item's outcome for a stack.
type Result struct {
	ID       string     `json:"id"`
	Section  string     `json:"section"`
	Text     string     `json:"text"`
	Status   Status     `json:"status"`
	Why      string     `json:"why,omitempty"`
	Note     string     `json:"note,omitempty"`
	Evidence []Evidence `json:"evidence,omitempty"`
	Tests    []Test     `json:"tests,omitempty"`
}

// Judge returns the outcome of every item, in the items' order.
func Judge(plans Plans, items []Item) []Result {
	results := make([]Result, 0, len(items))
	for _, item := range items {
		results = append(results, item.evaluate(plans))
	}
	return results
}

func (i Item) evaluate(plans Plans) Result {
	result := Result{ID: i.ID, Section: i.Section, Text: i.Text, Tests: i.Tests, Why: i.Why, Note: i.Note, Status: NotApplicable}
	if len(i.Requirements) == 0 {
		if len(i.Tests) > 0 {
			result.Status = Runtime
		}
		return result
	}
	var absent string
	for _, r := range i.Requirements {
		evidence, applies := r.evaluate(plans)
		if !applies {
			absent = "the stack declares no " + r.When
			if why := r.spared(r.plan(plans)); why != "" {
				absent = why
			}
			continue
		}
		result.Evidence = append(result.Evidence, evidence...)
	}
	if len(result.Evidence) == 0 {
		result.Why = absent
		return result
	}
	result.Status, result.Why = Pass, ""
	for _, e := range result.Evidence {
		if !e.Met {
			result.Status = Fail
		}
	}
	return result
}
