package server_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest"
)

// built is the API as it is shipped, in a process of its own.
type built struct {
	*instance
	command *exec.Cmd
	ready   time.Duration
}

// build compiles the program as the image does.
func build(b *testing.B) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "license-api")
	command := exec.Command("go", "build", "-trimpath", "-tags", "grpcnotrace,nethttpomithttp2", "-ldflags", "-s -w -buildid=", "-o", path, "../cmd/license-api")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	said, err := command.CombinedOutput()
	require.NoError(b, err, string(said))
	return path
}

func (w *fixture) serveBuilt(b *testing.B, path string) *built {
	b.Helper()
	environment := w.serveEnvironment(b)
	s := &built{instance: &instance{url: "http://" + environment["LISTEN_ADDRESS"], metrics: "http://" + environment["METRICS_ADDRESS"] + "/metrics", client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 256}}}}
	s.command = exec.Command(path, "serve")
	s.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	s.command.Env = []string{"LOG_LEVEL=warn", apptest.PodVariable()}
	for key, value := range environment {
		s.command.Env = append(s.command.Env, key+"="+value)
	}
	start := time.Now()
	require.NoError(b, s.command.Start())
	b.Cleanup(s.kill)
	s.awaitReady(b)
	s.ready = time.Since(start)
	return s
}

// kill ends the process; it may have ended before.
func (s *built) kill() {
	_ = s.command.Process.Kill()
	_ = s.command.Wait()
	s.client.CloseIdleConnections()
}

// memory is one line of the process's memory in MiB: VmRSS with the pages of the
// program file itself, RssAnon what it took for its own.
func (s *built) memory(b *testing.B, name string) float64 {
	b.Helper()
	content, err := os.ReadFile("/proc/" + strconv.Itoa(s.command.Process.Pid) + "/status")
	require.NoError(b, err)
	for line := range strings.Lines(string(content)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == name+":" {
			kib, err := strconv.ParseFloat(fields[1], 64)
			require.NoError(b, err)
			return kib / 1024
		}
	}
	require.FailNow(b, "no "+name)
	return 0
}

// processor is the processor time that a process has used, by the kernel's ticks of
// 10 ms.
func processor(b *testing.B, pid int) time.Duration {
	b.Helper()
	content, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	require.NoError(b, err)
	_, rest, _ := strings.Cut(string(content), ") ")
	fields := strings.Fields(rest)
	user, err := strconv.Atoi(fields[11])
	require.NoError(b, err)
	system, err := strconv.Atoi(fields[12])
	require.NoError(b, err)
	return time.Duration(user+system) * 10 * time.Millisecond
}
