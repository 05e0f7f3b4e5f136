package expression

import (
	"fmt"
	"net/netip"
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// The names of Cloud Armor's own functions.
const (
	preconfiguredWAF    = "evaluatePreconfiguredWaf"
	threatIntelligence  = "evaluateThreatIntelligence"
	adaptiveProtection  = "evaluateAdaptiveProtection"
	adaptiveAutoDeploy  = "evaluateAdaptiveProtectionAutoDeploy"
	addressGroup        = "evaluateAddressGroup"
	orgAddressGroup     = "evaluateOrganizationAddressGroup"
	preconfiguredLegacy = "evaluatePreconfiguredExpr"
)

// Functions answers Cloud Armor's own functions for one request.
type Functions interface {
	// PreconfiguredWAF says whether a signature of the set fires.
	PreconfiguredWAF(call WAFCall) (bool, error)
	// Listed says whether the address is on a named list and on none of the
	// exceptions: threat intelligence feeds and address groups.
	Listed(list string, address netip.Addr, except []netip.Prefix) bool
	// UnderAttack says whether the client matches an attack that Adaptive
	// Protection has found; alert is empty for the auto-deploy function.
	UnderAttack(alert string) bool
}

// armorFunctions declares the functions. They are bound late: what they answer
// belongs to one request.
func armorFunctions() []cel.EnvOption {
	text, list, options := cel.StringType, cel.ListType(cel.StringType), cel.MapType(cel.StringType, cel.DynType)
	function := func(name string, signatures ...[]*cel.Type) cel.EnvOption {
		overloads := make([]cel.FunctionOpt, len(signatures))
		for i, signature := range signatures {
			overloads[i] = cel.Overload(fmt.Sprintf("%s_%d", name, i), signature, cel.BoolType, cel.LateFunctionBinding())
		}
		return cel.Function(name, overloads...)
	}
	return []cel.EnvOption{
		function(preconfiguredWAF, []*cel.Type{text}, []*cel.Type{text, options}),
		function(threatIntelligence, []*cel.Type{text}, []*cel.Type{text, list}, []*cel.Type{text, text, list}),
		function(addressGroup, []*cel.Type{text, text}, []*cel.Type{text, text, list}),
		function(orgAddressGroup, []*cel.Type{text, text}, []*cel.Type{text, text, list}),
		function(adaptiveProtection, []*cel.Type{text}),
		function(adaptiveAutoDeploy, []*cel.Type{}),
	}
}

// bind makes the late bindings for one request.
func bind(attributes Attributes, functions Functions) map[string]cel.LateBoundFunction {
	listed := func(_ string, args ...ref.Val) ref.Val { return listed(attributes, functions, args) }
	return map[string]cel.LateBoundFunction{
		preconfiguredWAF: func(_ string, args ...ref.Val) ref.Val {
			call, err := runtimeCall(args)
			if err != nil {
				return types.NewErr("%s: %v", preconfiguredWAF, err)
			}
			matched, err := functions.PreconfiguredWAF(call)
			if err != nil {
				return types.NewErr("%s: %v", preconfiguredWAF, err)
			}
			return types.Bool(matched)
		},
		threatIntelligence: listed,
		addressGroup:       listed,
		orgAddressGroup:    listed,
		adaptiveProtection: func(_ string, args ...ref.Val) ref.Val {
			return types.Bool(functions.UnderAttack(string(args[0].(types.String))))
		},
		adaptiveAutoDeploy: func(string, ...ref.Val) ref.Val { return types.Bool(functions.UnderAttack("")) },
	}
}

// listed answers (list), (list, exceptions), (list, address) and
// (list, address, exceptions).
func listed(attributes Attributes, functions Functions, args []ref.Val) ref.Val {
	address := attributes.IP
	var except []netip.Prefix
	for _, arg := range args[1:] {
		switch value := arg.(type) {
		case types.String:
			address = string(value)
		case traits.Lister:
			for _, text := range stringList(value) {
				prefix, err := parseRange(text)
				if err != nil {
					return types.NewErr("exception: %v", err)
				}
				except = append(except, prefix)
			}
		}
	}
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return types.NewErr("address: %v", err)
	}
	return types.Bool(functions.Listed(string(args[0].(types.String)), ip.Unmap(), except))
}

func stringList(list traits.Lister) []string {
	var texts []string
	for iterator := list.Iterator(); iterator.HasNext() == types.True; {
		if text, isText := iterator.Next().(types.String); isText {
			texts = append(texts, string(text))
		}
	}
	return texts
}

// InRanges says whether the address lies in one of the prefixes.
func InRanges(address netip.Addr, prefixes []netip.Prefix) bool {
	return slices.ContainsFunc(prefixes, func(prefix netip.Prefix) bool { return prefix.Contains(address.Unmap()) })
}
