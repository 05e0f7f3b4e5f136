package server_test

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/server"
)

// childVariable makes the test binary be the API: its value is the command. So a test
// can kill it, or give it an environment of its own.
const childVariable = "LICENSE_API_TEST_CHILD"

func TestMain(m *testing.M) {
	command := os.Getenv(childVariable)
	if command == "" {
		runSideBySide()
		// The Cloud SQL connector's statistics start one goroutine when the program does.
		goleak.VerifyTestMain(databases.Around(apptest.InPod(m)), goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start"))
	}
	if command == emptyCommand {
		answerNothing()
		return
	}
	if err := server.Command(context.Background(), []string{command}, env.ToMap(os.Environ()), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// runSideBySide lets four tests run for each core, unless -parallel says another number: most
// of their time they wait, for servers that start and for times of seconds to pass.
func runSideBySide() {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if given {
		return
	}
	if err := flag.Set("test.parallel", strconv.Itoa(4*runtime.GOMAXPROCS(0))); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// process is an API in a process of its own.
type process struct {
	*instance
	command *exec.Cmd
}

func (w *fixture) serveChild(t testing.TB) *process {
	t.Helper()
	p := &process{instance: &instance{client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}}
	environment := w.serveEnvironment(t)
	p.url = "http://" + environment["LISTEN_ADDRESS"]
	executable, err := os.Executable()
	require.NoError(t, err)
	p.command = exec.Command(executable)
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p.command.Env = []string{childVariable + "=serve", "LOG_LEVEL=warn", apptest.PodVariable()}
	p.command.Stdout, p.command.Stderr = w.log, w.log
	for key, value := range environment {
		p.command.Env = append(p.command.Env, key+"="+value)
	}
	require.NoError(t, p.command.Start())
	t.Cleanup(p.kill)
	p.awaitReady(t)
	return p
}

// kill ends the process without warning.
func (p *process) kill() {
	// It may be dead already.
	_ = p.command.Process.Kill()
	_ = p.command.Wait()
	p.client.CloseIdleConnections()
}
