package toolchain

import "runtime/debug"

// UnknownVersion is the version of a provider whose SDK is not part of the program. A
// test's binary does not say what it was built with (https://go.dev/issue/33976).
const UnknownVersion = "0.0.0"

// SDKVersion returns the version of a provider's SDK that a program was built with; a
// program that is not known has none.
func SDKVersion(provider string, program *debug.BuildInfo) string {
	if program == nil {
		return UnknownVersion
	}
	for _, plugin := range Wanted(program) {
		if plugin.Name == provider {
			return plugin.Version
		}
	}
	return UnknownVersion
}
