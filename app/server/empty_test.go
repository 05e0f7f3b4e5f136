package server_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// emptyCommand makes the test binary be a server that does nothing: what net/http alone
// costs.
const emptyCommand, emptyAddress = "answer nothing", "LICENSE_API_TEST_ADDRESS"

func answerNothing() {
	server := http.Server{Addr: os.Getenv(emptyAddress), ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusOK)
	})}
	if err := server.ListenAndServe(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serveEmpty starts one, and returns its process, too.
func serveEmpty(b *testing.B) (*instance, int) {
	b.Helper()
	address := freeAddress(b)
	in := &instance{url: "http://" + address, client: &http.Client{Timeout: time.Second}}
	executable, err := os.Executable()
	require.NoError(b, err)
	command := exec.Command(executable)
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	command.Env = []string{childVariable + "=" + emptyCommand, emptyAddress + "=" + address}
	require.NoError(b, command.Start())
	b.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		in.client.CloseIdleConnections()
	})
	in.awaitReady(b)
	return in, command.Process.Pid
}
