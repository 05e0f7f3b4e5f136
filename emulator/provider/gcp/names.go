package gcp

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/coditect-ai/license-platform/emulator/provider"
)

const computeLink = "https://www.googleapis.com/compute/v1/"

// computeName is what Compute Engine takes as a name (RFC 1035).
var computeName = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$`)

// checkName refuses a known name that does not match.
func checkName(d *provider.Draft, property string, pattern *regexp.Regexp) []provider.Failure {
	name := d.Inputs.Text(property)
	if name == "" || pattern.MatchString(name) {
		return nil
	}
	return []provider.Failure{provider.Refuse(property, "Error 400: Invalid value for field %q: %q. Must be a match of regex '%s'", property, name, pattern)}
}

// global names a resource without a region: projects/P/global/COLLECTION/NAME.
func global(collection string) func(*provider.Draft) string {
	return func(d *provider.Draft) string {
		return "projects/" + d.Project() + "/global/" + collection + "/" + d.Inputs.Text("name")
	}
}

// regional names a resource of a region: projects/P/regions/R/COLLECTION/NAME.
func regional(collection string) func(*provider.Draft) string {
	return func(d *provider.Draft) string {
		return "projects/" + d.Project() + "/regions/" + d.Region() + "/" + collection + "/" + d.Inputs.Text("name")
	}
}

// relative takes the host and version off a self link, so that links and ids
// can be compared.
func relative(link string) string {
	if i := strings.Index(link, "projects/"); i > 0 && strings.HasPrefix(link, "https://") {
		return link[i:]
	}
	return link
}

// matchesImportID says whether an id in one of the provider's import forms belongs to a
// resource: a self link, or the id's parts without the words between them
// (PROJECT/REGION/NAME, or NAME alone).
func matchesImportID(given, id string) bool {
	given = relative(given)
	if given == "" || last(given) != last(id) {
		return false
	}
	short, long := strings.Split(given, "/"), strings.Split(id, "/")
	if len(short) > len(long) {
		short, long = long, short
	}
	for _, part := range long {
		if len(short) > 0 && part == short[0] {
			short = short[1:]
		}
	}
	return len(short) == 0
}

// last returns what stands behind the last slash.
func last(path string) string {
	return path[strings.LastIndex(path, "/")+1:]
}

// location returns the part of a resource name behind "locations/".
func location(name string) string {
	_, rest, found := strings.Cut(name, "/locations/")
	if !found {
		return ""
	}
	place, _, _ := strings.Cut(rest, "/")
	return place
}

// serviceAgent is the account by which a Google service acts in the project.
func serviceAgent(domain string) string {
	return "service-" + ProjectNumber + "@" + domain + ".iam.gserviceaccount.com"
}

// effectiveLabels merges the provider's default labels with the resource's own
// and says whether there are own ones.
func effectiveLabels(d *provider.Draft) (labels map[string]any, own bool) {
	labels = maps.Clone(d.Config.Labels)
	if labels == nil {
		labels = map[string]any{}
	}
	mine := d.Inputs.Object("labels")
	maps.Copy(labels, mine)
	return labels, len(mine) > 0
}

func labelled(kind provider.Kind) bool {
	return slices.Contains(kind.Computed, "effectiveLabels")
}

// oneOf refuses a known text that is not allowed.
func oneOf(d *provider.Draft, property string, allowed ...string) []provider.Failure {
	text := d.Inputs.Text(property)
	if text == "" || slices.Contains(allowed, text) {
		return nil
	}
	return []provider.Failure{provider.Refuse(property, "expected %s to be one of [%q], got %s", property, allowed, text)}
}

// with returns a copy of the object that has another value at a key.
func with(object provider.Properties, key string, value any) map[string]any {
	changed := maps.Clone(map[string]any(object))
	if changed == nil {
		changed = map[string]any{}
	}
	changed[key] = value
	return changed
}

// fallback sets an output that is not there.
func fallback(d *provider.Draft, name string, value any) {
	if d.Outputs[name] == nil {
		d.Outputs[name] = value
	}
}
