package stack

import (
	"fmt"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/setting"
)

// checkPlace is the name of the check of where the stack is.
const checkPlace = "place"

// readStackOutputs is the engine's own look-up of a stack's outputs, which a StackReference
// makes, too (https://github.com/pulumi/pulumi/blob/v3.250.0/pkg/resource/deploy/builtins.go).
const readStackOutputs = "pulumi:pulumi:readStackOutputs"

// lastUpdate is what the last update that came to its end has left, as its outputs say. It is
// empty before the first one. By it the program knows what had another name: no look-up by
// the name of now finds that.
type lastUpdate struct {
	Cluster           string `pulumi:"cluster"`
	ClusterLocation   string `pulumi:"clusterLocation"`
	EdgeAddress       string `pulumi:"edgeAddress"`
	SQLConnectionName string `pulumi:"sqlConnectionName"`
}

// lastUpdateTries is how often the outputs are read at most, lastUpdatePause the time between.
const (
	lastUpdateTries = 5
	lastUpdatePause = 300 * time.Millisecond
)

// readLastUpdate tries again: an update writes the stack's state all the time, and a state that is kept in
// a file can be read half-written, with the error "failed to load checkpoint: EOF" (its attributes are
// written in place: https://github.com/google/go-cloud/blob/v0.46.0/blob/fileblob/attrs.go, setAttrs).
func readLastUpdate(ctx *pulumi.Context) (found lastUpdate, err error) {
	for try := 1; ; try++ {
		var answer struct {
			Outputs lastUpdate `pulumi:"outputs"`
		}
		// It does not matter whether an output is marked as secret, because none of these
		// outputs is a secret.
		_, err = ctx.InvokePackageRaw(readStackOutputs, map[string]any{
			"name": ctx.Organization() + "/" + ctx.Project() + "/" + ctx.Stack(),
		}, &answer, "")
		if err == nil {
			return answer.Outputs, nil
		}
		if try == lastUpdateTries {
			return lastUpdate{}, fmt.Errorf("read the outputs of the last update: %w", err)
		}
		select {
		case <-ctx.Context().Done():
			return lastUpdate{}, fmt.Errorf("read the outputs of the last update: %w", err)
		case <-time.After(lastUpdatePause):
		}
	}
}

// place is where the database is: PROJECT and REGION of PROJECT:REGION:INSTANCE, or nothing.
func (l lastUpdate) place() (project, region string) {
	parts := strings.Split(l.SQLConnectionName, ":")
	if len(parts) != 3 {
		return "", ""
	}
	return parts[0], parts[1]
}

// moved lists the settings that would move the stack to another project or region: nothing can
// move, so database, cache and keys would be created again, empty, and the old ones deleted.
func (l lastUpdate) moved(p Platform) (ps setting.Problems) {
	project, region := l.place()
	for _, place := range []struct{ key, set, was string }{
		{"platform.project", p.Project, project}, {"platform.region", p.Region, region},
	} {
		if place.was != "" && place.set != place.was {
			ps.Add(place.key, place.set, "was "+place.was+" when the database was made: it, the cache, the keys and the network would be created again, empty, and the old ones deleted",
				place.was+", or a stack of its own (docs/later.md)")
		}
	}
	return ps
}
