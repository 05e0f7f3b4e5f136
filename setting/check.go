package setting

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"
)

// Check compares settings with something that exists already, for example with
// the network that a stack adopts. It only reads.
type Check struct {
	// Name is the check's own, as the setting has it that leaves it out.
	Name string
	// Look looks up the existing resources and lists the settings that do not fit them.
	// Its error says that nothing could be learned: something was not found, or may not
	// be read.
	Look func() (Problems, error)
}

// Checks are made together, so that a user learns of everything in one go.
type Checks []Check

// invocation is the prefix that Pulumi's engine adds to a provider's error of a look-up
// (resmon.Invoke in
// https://github.com/pulumi/pulumi/blob/v3.250.0/pkg/resource/deploy/source_eval.go).
var invocation = regexp.MustCompile(`rpc error: code = \w+ desc = invocation of \S+ returned an error: `)

// Run makes all checks but those whose names are in skip, and returns nil when all is
// well. Otherwise its error lists what was found, where, why it does not fit, what would
// fit, and how to skip the check by the setting skipKey.
func (cs Checks) Run(skip []string, skipKey string) error {
	var lines []string
	failed := map[string][]string{} // the checks by why they could not be made
	for _, check := range cs {
		if slices.Contains(skip, check.Name) {
			continue
		}
		found, err := check.Look()
		if err != nil {
			why := invocation.ReplaceAllString(err.Error(), "")
			failed[why] = append(failed[why], check.Name)
		}
		for _, p := range found {
			lines = append(lines, fmt.Sprintf("  check %s: %s", check.Name, p))
		}
	}
	for why, names := range failed {
		lines = append(lines, fmt.Sprintf("  check %s: %s", strings.Join(names, ", "), why))
	}
	if len(lines) == 0 {
		return nil
	}
	sort.Strings(lines)
	return errors.New("the settings do not fit what exists:\n" + strings.Join(lines, "\n") +
		"\nTo leave a check out, add its name to " + skipKey)
}
