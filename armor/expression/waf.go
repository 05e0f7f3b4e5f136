package expression

import (
	"errors"
	"fmt"
	"slices"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/coditect-ai/license-platform/armor/rule"
)

// Limits of evaluatePreconfiguredWaf.
// Source: https://cloud.google.com/armor/docs/rules-language-reference
const (
	// DefaultSensitivity is used when a call states none: every signature.
	DefaultSensitivity = 4
	// MaxSignatures is how many ids a call may opt in or out.
	MaxSignatures = 128
)

// WAFCall is one call of evaluatePreconfiguredWaf.
type WAFCall struct {
	// Set is the preconfigured set, for example "sqli-v422-stable".
	Set string
	// Sensitivity is OWASP's paranoia level, 1 to 4; signatures up to it are
	// evaluated. 0 goes with OptIn only.
	Sensitivity int
	// OptOut are signatures that are not evaluated.
	OptOut []string
	// OptIn are the only signatures evaluated, with sensitivity 0.
	OptIn []string
}

// Selects says whether the call evaluates a signature of the given sensitivity.
func (c WAFCall) Selects(id string, sensitivity int) bool {
	if c.Sensitivity == 0 {
		return slices.Contains(c.OptIn, id)
	}
	return sensitivity <= c.Sensitivity && !slices.Contains(c.OptOut, id)
}

// check says what the API refuses about the call.
func (c WAFCall) check() error {
	set, err := rule.ParseSet(c.Set)
	if err != nil {
		return err
	}
	var mistakes []error
	if c.Sensitivity < 0 || c.Sensitivity > 4 {
		mistakes = append(mistakes, fmt.Errorf("sensitivity %d of %s; allowed: 0 to 4", c.Sensitivity, c.Set))
	}
	switch {
	case len(c.OptIn) > 0 && len(c.OptOut) > 0:
		mistakes = append(mistakes, fmt.Errorf("%s has both opt_in_rule_ids and opt_out_rule_ids; allowed: one of them", c.Set))
	case (len(c.OptIn) > 0) != (c.Sensitivity == 0):
		mistakes = append(mistakes, fmt.Errorf("%s: opt_in_rule_ids go with sensitivity 0 and with no other", c.Set))
	}
	if count := max(len(c.OptIn), len(c.OptOut)); count > MaxSignatures {
		mistakes = append(mistakes, fmt.Errorf("%s lists %d signatures; allowed: %d", c.Set, count, MaxSignatures))
	}
	for _, id := range slices.Concat(c.OptIn, c.OptOut) {
		if err := set.CheckSignature(id); err != nil {
			mistakes = append(mistakes, err)
		}
	}
	return errors.Join(mistakes...)
}

// runtimeCall reads the arguments of a call while it is evaluated.
func runtimeCall(args []ref.Val) (WAFCall, error) {
	name, isText := args[0].(types.String)
	if !isText {
		return WAFCall{}, errors.New("the set is not a string")
	}
	call := WAFCall{Set: string(name), Sensitivity: DefaultSensitivity}
	if len(args) == 1 {
		return call, nil
	}
	options, isMap := args[1].(traits.Mapper)
	if !isMap {
		return WAFCall{}, errors.New("the options are not a map")
	}
	for iterator := options.Iterator(); iterator.HasNext() == types.True; {
		key := iterator.Next()
		if err := call.set(fmt.Sprint(key.Value()), options.Get(key)); err != nil {
			return WAFCall{}, err
		}
	}
	return call, nil
}

func (c *WAFCall) set(key string, value ref.Val) error {
	switch key {
	case "sensitivity":
		level, isInt := value.(types.Int)
		if !isInt {
			return errors.New("sensitivity is not an integer")
		}
		c.Sensitivity = int(level)
	case "opt_out_rule_ids", "opt_in_rule_ids":
		list, isList := value.(traits.Lister)
		if !isList {
			return fmt.Errorf("%s is not a list", key)
		}
		ids := stringList(list)
		if types.Int(len(ids)) != list.Size() {
			return fmt.Errorf("%s holds something other than strings", key)
		}
		if key == "opt_out_rule_ids" {
			c.OptOut = ids
		} else {
			c.OptIn = ids
		}
	default:
		return fmt.Errorf("option %q is not known; allowed: sensitivity, opt_out_rule_ids, opt_in_rule_ids", key)
	}
	return nil
}
