package main

import (
	"flag"
	"fmt"
	"strings"

	"github.com/coditect-ai/license-platform/setting"
)

// optionMistake says what is wrong with an option, and what is allowed. Package flag has no types
// for its errors.
func optionMistake(flags *flag.FlagSet, err error) error {
	if name, unknown := strings.CutPrefix(err.Error(), "flag provided but not defined: -"); unknown {
		var known []string
		flags.VisitAll(func(one *flag.Flag) { known = append(known, one.Name) })
		return fmt.Errorf("license %s has no option --%s%s; license %[1]s --help lists them", flags.Name(), name, suggestion("--", name, known))
	}
	if value, bad := strings.CutSuffix(err.Error(), ": parse error"); bad {
		return fmt.Errorf("%s: it has to be like 90s, 30m or 24h", value)
	}
	return err
}

// suggestion asks whether the user meant a known word that is near to the written one.
func suggestion(before, written string, known []string) string {
	if near := setting.Nearest(written, known); near != "" {
		return ", did you mean " + before + near + "?"
	}
	return ""
}
