package command

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// maxShown bounds what is shown of a word that a user has given, in characters.
const maxShown = 80

// shortened is a word in quotes, cut when it is long.
func shortened(word string) string {
	if all := []rune(word); len(all) > maxShown {
		word = string(all[:maxShown]) + "…"
	}
	return strconv.Quote(word)
}

// noWords is for commands that take flags only.
func noWords(command *cobra.Command, words []string) error {
	if len(words) == 0 {
		return nil
	}
	return fmt.Errorf("'%s' takes no argument, and %s was given; '%[1]s --help' shows its flags", command.CommandPath(), shortened(words[0]))
}

// flagMistake says in one line what is wrong with a flag, without the words of the
// programming language.
func flagMistake(command *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		return fmt.Errorf("'%s' has no flag %s%s; '%[1]s --help' lists them", command.CommandPath(), shortened(unknown.GetSpecifiedName()), nearestFlag(command, unknown.GetSpecifiedName()))
	case errors.As(err, &invalid):
		wanted := map[string]string{"int": "a whole number", "duration": "a duration such as 90s, 15m or 1h", "bool": "true or false"}[invalid.GetFlag().Value.Type()]
		if wanted == "" {
			return err
		}
		return fmt.Errorf("--%s is %s: it has to be %s", invalid.GetFlag().Name, shortened(invalid.GetValue()), wanted)
	default:
		return err
	}
}

// nearestFlag asks whether a flag is meant that differs in few letters.
func nearestFlag(command *cobra.Command, name string) string {
	known := &cobra.Command{SuggestionsMinimumDistance: 2}
	command.Flags().VisitAll(func(flag *pflag.Flag) {
		known.AddCommand(&cobra.Command{Use: flag.Name, Run: func(*cobra.Command, []string) {}})
	})
	if found := known.SuggestionsFor(strings.TrimLeft(name, "-")); len(found) > 0 {
		return ", did you mean --" + found[0]
	}
	return ""
}
