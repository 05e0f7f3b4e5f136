package gcp

import (
	"net/netip"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// shrinks replaces a resource whose number at path gets smaller: disks only grow.
func shrinks(path string) func(before, after provider.Properties) []string {
	return func(before, after provider.Properties) []string {
		was, known := before.Number(path)
		is, given := after.Number(path)
		return when(known && given && is < was, path)
	}
}

// narrows replaces a resource whose range at path no longer holds the range from
// before.
func narrows(path string) func(before, after provider.Properties) []string {
	return func(before, after provider.Properties) []string {
		was, err := netip.ParsePrefix(before.Text(path))
		if err != nil {
			return nil
		}
		is, err := netip.ParsePrefix(after.Text(path))
		return when(err == nil && !(is.Bits() <= was.Bits() && is.Contains(was.Addr())), path)
	}
}

// goesBack replaces a resource whose version at path gets older: versions of one
// form sort as text.
func goesBack(path string) func(before, after provider.Properties) []string {
	return func(before, after provider.Properties) []string {
		was, is := before.Text(path), after.Text(path)
		return when(was != "" && is != "" && is < was, path)
	}
}

// vanishes replaces a resource whose text at path is taken away: the provider
// cannot take a private address from an instance.
func vanishes(path string) func(before, after provider.Properties) []string {
	return func(before, after provider.Properties) []string {
		return when(before.Text(path) != "" && !after.Has(path), path)
	}
}

// disabled replaces a resource whose switch at path is turned off.
func disabled(path string) func(before, after provider.Properties) []string {
	return func(before, after provider.Properties) []string {
		return when(before.True(path) && !after.True(path), path)
	}
}

// either joins reasons to replace a resource.
func either(reasons ...func(before, after provider.Properties) []string) func(before, after provider.Properties) []string {
	return func(before, after provider.Properties) (paths []string) {
		for _, reason := range reasons {
			paths = append(paths, reason(before, after)...)
		}
		return paths
	}
}

func when(holds bool, path string) []string {
	if holds {
		return []string{path}
	}
	return nil
}

// takeUp lets a creation take over a resource that exists already: enabling an API that is
// enabled is not an error.
func takeUp(*provider.Draft, store.Resource) error { return nil }
