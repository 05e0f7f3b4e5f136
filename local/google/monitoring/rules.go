package monitoring

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// rule is an alert policy whose conditions Prometheus evaluates.
type rule struct {
	about
	// expression is PromQL at Google's own pace; wait is for how long it holds.
	expression string
	wait       time.Duration
}

// about has the data of an alert policy for a notification.
type about struct {
	// name is the policy's, without what every policy of the platform begins with;
	// policy is its id.
	name, policy string
	severity     string
	summary      string
	playbook     string
	channels     []string
}

// translation is what the declared alert policies mean here.
type translation struct {
	rules []rule
	logs  []logRule
	// problems name what cannot be acted out, and why.
	problems []string
}

// translate reads the alert policies. objectives finds the objectives of burn rates.
func translate(policies []store.Resource, objectives map[string]provider.Properties) (t translation) {
	for _, r := range policies {
		declared := provider.Properties(r.Inputs)
		about := aboutPolicy(r.ID, declared)
		if err := t.add(about, declared, objectives); err != nil {
			t.problems = append(t.problems, fmt.Sprintf("the alert %s is not acted out: %v", about.name, err))
		}
	}
	return t
}

func (t *translation) add(a about, declared provider.Properties, objectives map[string]provider.Properties) error {
	var expressions []string
	var wait time.Duration
	for i := range declared.List("conditions") {
		at := "conditions." + strconv.Itoa(i)
		if declared.Has(at + ".conditionMatchedLog") {
			found, err := matched(a, declared, at+".conditionMatchedLog")
			if err != nil {
				return err
			}
			if err := unwritten(declared.Text(at + ".conditionMatchedLog.filter")); err != nil {
				return err
			}
			t.logs = append(t.logs, found)
			continue
		}
		expression, lasting, err := expressionOf(declared, at, objectives)
		if err == nil {
			err = unmeasured(expression)
		}
		if err != nil {
			return err
		}
		expressions, wait = append(expressions, expression), max(wait, lasting)
	}
	if len(expressions) == 0 {
		return nil
	}
	joined := " or "
	if strings.HasPrefix(declared.Text("combiner"), "AND") {
		joined = " and on() "
	}
	if len(expressions) > 1 {
		for i := range expressions {
			expressions[i] = "(" + expressions[i] + ")"
		}
	}
	t.rules = append(t.rules, rule{about: a, expression: strings.Join(expressions, joined), wait: wait})
	return nil
}

// playbookForm finds the playbook in what a policy says to do.
var playbookForm = regexp.MustCompile(`\S+/playbooks/[a-z-]+\.md`)

func aboutPolicy(id string, declared provider.Properties) about {
	a := about{
		name: declared.Text("displayName"), policy: id, severity: cmp.Or(declared.Text("severity"), "NONE"),
		summary: cmp.Or(declared.Text("documentation.subject"), declared.Text("displayName")),
	}
	if _, short, found := strings.Cut(a.name, ": "); found {
		a.name = short
	}
	if found := playbookForm.FindString(declared.Text("documentation.content")); found != "" {
		a.playbook = found
	}
	for _, channel := range declared.List("notificationChannels") {
		if name, known := channel.(string); known {
			a.channels = append(a.channels, name)
		}
	}
	return a
}

// expressionOf is a condition in PromQL, and for how long it must hold.
func expressionOf(declared provider.Properties, at string, objectives map[string]provider.Properties) (string, time.Duration, error) {
	const promQL, threshold = ".conditionPrometheusQueryLanguage", ".conditionThreshold"
	switch {
	case declared.Has(at + promQL):
		return declared.Text(at + promQL + ".query"), duration(declared.Text(at + promQL + ".duration")), nil
	case declared.Has(at + threshold):
		left, err := measured(declared, at+threshold, objectives)
		if err != nil {
			return "", 0, err
		}
		compare, known := map[string]string{"COMPARISON_GT": ">", "COMPARISON_LT": "<"}[declared.Text(at+threshold+".comparison")]
		if !known {
			return "", 0, fmt.Errorf("the comparison %q", declared.Text(at+threshold+".comparison"))
		}
		value, _ := declared.Number(at + threshold + ".thresholdValue")
		return fmt.Sprintf("%s %s %v", left, compare, value), duration(declared.Text(at + threshold + ".duration")), nil
	default:
		return "", 0, errors.New("a condition that is neither PromQL, a threshold nor a log match")
	}
}

// duration reads a duration of Google's, for example "300s".
func duration(text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0
	}
	return d
}
