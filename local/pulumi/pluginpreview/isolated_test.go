package pluginpreview_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/coditect-ai/license-platform/local/pulumi/pluginpreview"
	"github.com/coditect-ai/license-platform/local/pulumi/pluginpreview/plugintest"
)

// TestMain makes this executable a provider plugin, and a program that runs
// alone, too.
func TestMain(m *testing.M) {
	switch {
	case plugintest.Called():
		if err := plugintest.Serve(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case len(os.Args) == 2 && os.Args[1] == "alone":
		lookAround()
	default:
		goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/golang/glog.(*fileSink).flushDaemon")) // the SDK's log
	}
}

// lookAround tells what a program that runs alone can reach.
func lookAround() {
	if err := pluginpreview.Loopback(); err != nil {
		fmt.Println("loopback:", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		_, err = net.Dial("tcp", listener.Addr().String())
	}
	fmt.Println("loopback:", err)
	_, err = net.Dial("tcp", "192.0.2.1:443")
	fmt.Println("beyond:", err)
	fmt.Println("key:", os.Getenv("GOOGLE_APPLICATION_CREDENTIALS"), "home:", os.Getenv("HOME") != "")
}

func TestAProgramThatRunsAloneHasLoopbackAndNoCredential(t *testing.T) {
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "/key.json")
	executable, err := os.Executable()
	require.NoError(t, err)
	command := pluginpreview.Command(t.Context(), executable, "alone")
	var output bytes.Buffer
	command.Stdout = &output
	pluginpreview.IsolateNetwork(command)
	err = pluginpreview.Run(command)
	if errors.Is(err, pluginpreview.ErrRefused) {
		t.Skip(err)
	}
	require.NoError(t, err)
	assert.Equal(t, "loopback: <nil>\nbeyond: dial tcp 192.0.2.1:443: connect: network is unreachable\nkey:  home: true\n", output.String())
}
