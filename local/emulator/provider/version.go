package provider

import (
	"runtime/debug"

	"github.com/coditect-ai/license-platform/local/host/toolchain"
)

// unknownVersion is that of a provider whose SDK this program was not built with. A
// test's binary does not say what it was built with (https://go.dev/issue/33976).
const unknownVersion = "0.0.0"

// builtWith returns the version of a provider's SDK in this program.
func builtWith(name string) string {
	program, known := debug.ReadBuildInfo()
	if !known {
		return unknownVersion
	}
	return versionOf(name, program)
}

func versionOf(name string, program *debug.BuildInfo) string {
	for _, plugin := range toolchain.Wanted(program) {
		if plugin.Name == name {
			return plugin.Version
		}
	}
	return unknownVersion
}
