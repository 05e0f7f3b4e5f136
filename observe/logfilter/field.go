package logfilter

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// schema are the fields of a log entry, each with those below it. A field with
// "*" holds anything, one with nothing is a value.
// https://cloud.google.com/logging/docs/view/logging-query-language#field_path_identifiers
func schema() map[string][]string {
	return map[string][]string{
		"httpRequest": {
			"cacheFillBytes", "cacheHit", "cacheLookup", "cacheValidatedWithOriginServer", "latency", "protocol", "referer",
			"remoteIp", "requestMethod", "requestSize", "requestUrl", "responseSize", "serverIp", "status", "userAgent",
		},
		"jsonPayload": {"*"}, "protoPayload": {"*"}, "labels": {"*"}, "errorGroups": {"*"}, "split": {"*"},
		"metadata": {"systemLabels", "userLabels"}, "resource": {"type", "labels"},
		"operation": {"id", "producer", "first", "last"}, "sourceLocation": {"file", "line", "function"},
		"insertId": nil, "logName": nil, "receiveTimestamp": nil, "severity": nil, "spanId": nil, "textPayload": nil,
		"timestamp": nil, "trace": nil, "traceSampled": nil,
	}
}

// known refuses a path to a field that log entries do not have.
func known(path []string) error {
	full := strings.Join(path, ".")
	if slices.Contains(path, "") {
		return fmt.Errorf("the path %q has an empty part", full)
	}
	all := schema()
	below, is := all[path[0]]
	switch {
	case !is:
		return fmt.Errorf("a log entry has no field %q: it has %s", path[0], strings.Join(slices.Sorted(maps.Keys(all)), ", "))
	case len(path) == 1 || slices.Contains(below, "*"):
		return nil
	case len(below) == 0:
		return fmt.Errorf("%s has nothing below it, so there is no %s", path[0], full)
	case !slices.Contains(below, path[1]):
		return fmt.Errorf("%s has no field %q: it has %s", path[0], path[1], strings.Join(below, ", "))
	}
	return nil
}

// standard is the value of an absent field in a comparison: a standard field is empty,
// zero or false; a field of a payload or a label is missing, and no comparison with it is
// true. https://cloud.google.com/logging/docs/view/logging-query-language#missing_fields
func standard(path []string) (any, bool) {
	last := path[len(path)-1]
	switch {
	case path[0] == "severity":
		return severities[0], true
	case slices.Contains([]string{"status", "requestSize", "responseSize", "cacheFillBytes", "line"}, last) && len(path) == 2:
		return 0.0, path[0] == "httpRequest" || path[0] == "sourceLocation"
	case slices.Contains([]string{"cacheHit", "cacheLookup", "cacheValidatedWithOriginServer", "first", "last", "traceSampled"}, last):
		return false, path[0] == "httpRequest" || path[0] == "operation" || path[0] == "traceSampled"
	}
	value := len(schema()[path[0]]) == 0 || len(path) == 2 && last != "labels" && last != "systemLabels" && last != "userLabels"
	return "", value && !slices.Contains(schema()[path[0]], "*")
}
