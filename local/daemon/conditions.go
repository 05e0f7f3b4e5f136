package daemon

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/coditect-ai/license-platform/local/google/monitoring"
	"github.com/coditect-ai/license-platform/local/report/page"
	"github.com/coditect-ai/license-platform/local/scenario/fault"
)

// CurrentProblems lists what is wrong with the cloud now, one problem a line. Pods that
// may not be ready because of a fault that was set are not listed.
func (s Status) CurrentProblems() (all []string) {
	all = append(all, s.Problems...)
	for _, text := range []string{s.Unfinished, s.Disk} {
		if text != "" {
			all = append(all, text)
		}
	}
	all = append(all, s.Edge.Problems...)
	if !s.Edge.Synced && len(s.Edge.Problems) == 0 && s.Declares() {
		all = append(all, "the load balancer does not serve what is declared")
	}
	for _, missing := range s.Network.Missing {
		all = append(all, "a pod cannot reach what it needs, or is not reached: "+missing)
	}
	for _, missing := range s.Rights {
		all = append(all, "no grant: "+missing)
	}
	if s.Monitoring.Down != "" {
		all = append(all, "alerts are not evaluated, or nobody is told: "+s.Monitoring.Down)
	}
	if slices.ContainsFunc(s.Faults, func(name string) bool {
		f, _ := fault.Find(name)
		return f.Pods
	}) {
		return all
	}
	for _, p := range s.Pods {
		if strings.HasPrefix(p.Owner, "Deployment/") && !p.Ready && !p.Terminating {
			all = append(all, strings.TrimSuffix(fmt.Sprintf("pod %s/%s is not ready (%s): %s", p.Namespace, p.Name, p.Phase, p.Message), ": "))
		}
	}
	return all
}

// Declares says whether the program has declared anything.
func (s Status) Declares() bool { return len(s.Resources) > 0 }

// Conditions are the problems, faults, firing alerts, drift and limits that the console
// shows.
func (s Status) Conditions() []page.Condition {
	all := []page.Condition{}
	for _, text := range s.CurrentProblems() {
		all = append(all, page.Condition{Kind: page.Problem, Text: text})
	}
	for _, name := range s.Faults {
		all = append(all, page.Condition{Kind: page.Fault, Text: name + " is made to fail", Next: "go run ./local heal " + name})
	}
	for _, i := range s.Monitoring.Incidents {
		if i.State == monitoring.Firing {
			all = append(all, page.Condition{Kind: page.Firing, Text: i.Alert + ": " + i.Text(), Playbook: playbookOf(i)})
		}
	}
	for _, text := range s.Drifted {
		text = strings.TrimPrefix(text, behindPulumi) // the kind says it
		all = append(all, page.Condition{Kind: page.Drift, Text: text, Next: "go run ./local refresh && " + s.again()})
	}
	for _, text := range s.Notices {
		all = append(all, page.Condition{Kind: page.Lockdown, Text: text})
	}
	for _, text := range s.Suspended {
		all = append(all, page.Condition{Kind: page.Suspended, Text: text})
	}
	if s.Changing != "" {
		all = append(all, page.Condition{Kind: page.Change, Text: s.Changing})
	}
	if s.Network.Warning != "" {
		all = append(all, page.Condition{Kind: page.Limit, Text: s.Network.Warning})
	}
	for _, text := range s.Monitoring.Problems {
		all = append(all, page.Condition{Kind: page.Limit, Text: text})
	}
	return all
}

// again is the command that brings up what is declared now, without an end to a lockdown or to
// what the settings suspend for a while.
func (s Status) again() string {
	command := "go run ./local up"
	if len(s.Notices) > 0 {
		return command + " --config platform.lockdown=true"
	}
	for _, setting := range []string{signInSetting, signingSetting} {
		if strings.Contains(strings.Join(s.Suspended, " "), setting) {
			command += " --config " + setting + "=true"
		}
	}
	if len(s.Suspended) == 0 {
		return "make up"
	}
	return command
}

// alerts are those that fire, and those that are about to.
func alerts(m monitoring.Status) []page.Alert {
	all := []page.Alert{}
	for _, i := range m.Incidents {
		all = append(all, page.Alert{
			Name: i.Alert, Severity: i.Severity, Summary: i.Summary, Firing: i.State == monitoring.Firing, Since: i.Since, Playbook: playbookOf(i), About: i.About(),
		})
	}
	return all
}

// playbookOf is the name of the file that says what to do.
func playbookOf(i monitoring.Incident) string {
	if i.Playbook == "" {
		return ""
	}
	return path.Base(i.Playbook)
}
