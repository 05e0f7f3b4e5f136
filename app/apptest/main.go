package apptest

import (
	"fmt"
	"os"
)

// metadataHost tells Google's client libraries where the metadata server is
// (https://pkg.go.dev/cloud.google.com/go/compute/metadata#Client.GetWithContext).
const metadataHost = "GCE_METADATA_HOST"

// Tests run the tests of a package, as *testing.M does.
type Tests interface{ Run() int }

// InPod runs a package's tests as in a pod: with a metadata server that gives them the access
// tokens for Google's APIs.
func InPod(tests Tests) Tests { return inPod{tests} }

type inPod struct{ tests Tests }

// Run implements Tests.
func (p inPod) Run() int {
	metadata, stop := newMetadata()
	defer stop()
	if err := os.Setenv(metadataHost, metadata.host); err != nil {
		fmt.Fprintln(os.Stderr, "put the tests into a pod:", err)
		return 1
	}
	return p.tests.Run()
}

// PodVariable is the environment variable, NAME=VALUE, that puts a process into the pod of
// the tests.
func PodVariable() string { return metadataHost + "=" + os.Getenv(metadataHost) }
