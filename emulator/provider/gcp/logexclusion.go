package gcp

import "github.com/coditect-ai/license-platform/emulator/provider"

// TypeLogExclusion keeps log entries out of a project's bucket _Default.
const TypeLogExclusion = "gcp:logging/projectExclusion:ProjectExclusion"

func (w *Cloud) logExclusion() provider.Kind {
	return provider.Kind{
		Type: TypeLogExclusion, NameProperty: "name",
		Free: "an exclusion is free, and what it excludes is not stored twice",
		ID: func(d *provider.Draft) string {
			return "projects/" + d.Project() + "/exclusions/" + d.Inputs.Text("name")
		},
		Check: func(d *provider.Draft) []provider.Failure { return checkLogFilter(d, "filter") },
	}
}
