package monitoring

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/store"
)

func TestAnEntryIsStoredWhereASinkRoutesItAndNothingExcludesIt(t *testing.T) {
	t.Parallel()
	ours, theirs := object{"resource": object{"type": "cloudsql_database"}}, object{"resource": object{"type": "gce_instance"}}
	changes := object{"logName": "projects/p/logs/cloudaudit.googleapis.com%2Factivity", "resource": object{"type": "cloudsql_database"}}
	const own = `resource.type="cloudsql_database"`
	sink := store.Resource{Type: gcp.TypeLogSink, Inputs: object{"filter": own, "destination": "logging.googleapis.com/projects/p/locations/l/buckets/b"}}
	export := store.Resource{Type: gcp.TypeLogSink, Inputs: object{"filter": own, "destination": "storage.googleapis.com/b"}}
	exclusion := store.Resource{Type: gcp.TypeLogExclusion, Inputs: object{"filter": own}}
	asleep := store.Resource{Type: gcp.TypeLogExclusion, Inputs: object{"filter": own, "disabled": true}}
	for name, c := range map[string]struct {
		declared []store.Resource
		entry    object
		buckets  []string
	}{
		"nothing is declared":                {nil, ours, []string{"_Default"}},
		"a sink copies":                      {[]store.Resource{sink}, ours, []string{"_Default", "own"}},
		"a sink and an exclusion move":       {[]store.Resource{sink, exclusion}, ours, []string{"own"}},
		"what is not ours stays":             {[]store.Resource{sink, exclusion}, theirs, []string{"_Default"}},
		"an exclusion alone: no alert fires": {[]store.Resource{exclusion}, ours, nil},
		"an export is no bucket":             {[]store.Resource{export, exclusion}, ours, nil},
		"an exclusion that is disabled":      {[]store.Resource{asleep}, ours, []string{"_Default"}},
		"the audit log of changes stays":     {[]store.Resource{sink, exclusion}, changes, []string{"_Required", "own"}},
	} {
		assert.Equal(t, c.buckets, routingOf(c.declared).buckets(c.entry), name)
	}
}
