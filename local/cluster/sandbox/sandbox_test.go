package sandbox_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/local/cluster/sandbox"
	"github.com/coditect-ai/license-platform/local/host/process"
)

// TestMain makes this executable the sandbox's inside and its programs, too.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == sandbox.Command {
		code, err := sandbox.Inside(os.Args[3:])
		if err != nil {
			fmt.Println(err)
		}
		os.Exit(code)
	}
	if len(os.Args) > 2 && os.Args[1] == "program" {
		runInside(os.Args[2], os.Args[3:])
		return
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if built != "" {
			_ = os.RemoveAll(filepath.Dir(built))
		}
		os.Exit(code)
	}))
}

// fixture is a place to start sandboxes in.
type fixture struct {
	supervisor  *process.Supervisor
	log, noDrop string
}

// own is the address at which the sandboxes' programs listen.
const own = "127.77.64.2"

func newFixture(t *testing.T) fixture {
	t.Helper()
	supervisor, err := process.NewSupervisor(t.TempDir(), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(supervisor.Close)
	noDrop, err := sandbox.Check(supervisor, executable(t))
	if err != nil {
		t.Skipf("no sandboxes on this machine: %v", err)
	}
	return fixture{supervisor, filepath.Join(t.TempDir(), "log"), noDrop}
}

func executable(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	require.NoError(t, err)
	return path
}

// start makes a sandbox for one of the programs.
func (w fixture) start(t *testing.T, arguments ...string) *sandbox.Sandbox {
	t.Helper()
	s, err := sandbox.Start(w.supervisor, executable(t), netip.MustParseAddr(own), process.Command{
		Name: "test", Path: executable(t), Args: append([]string{"program"}, arguments...), LogPath: w.log, UserID: 65532, Grace: 5 * time.Second,
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		s.Process.Kill()
		await.Receive(t, s.Process.Done())
		s.Close()
	})
	return s
}

// said waits until the program has ended and returns its output.
func (w fixture) said(t *testing.T, s *sandbox.Sandbox) string {
	t.Helper()
	await.Receive(t, s.Process.Done())
	output, err := os.ReadFile(w.log)
	require.NoError(t, err)
	return string(output)
}

func (w fixture) awaitLog(t *testing.T, text string) string {
	t.Helper()
	var output []byte
	await.True(t, func() bool {
		output, _ = os.ReadFile(w.log)
		return strings.Contains(string(output), text)
	})
	return string(output)
}

// greet answers every connection with the text.
func greet(t *testing.T, listener net.Listener, text string) {
	t.Helper()
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, text)
			_ = conn.Close()
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		serving.Wait()
	})
}

func TestAProgramReachesWhatTheDaemonListensAtInsideAndNothingElse(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	outside, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	greet(t, outside, "from outside")
	s := w.start(t, "dial", "127.77.8.10:8443", "169.254.169.254:80", own+":9", outside.Addr().String())
	for address, text := range map[string]string{"127.77.8.10:8443": "the key service", "169.254.169.254:80": "the metadata server"} {
		listener, err := s.Listen(netip.MustParseAddrPort(address), false)
		require.NoError(t, err)
		greet(t, listener, text)
	}
	require.NoError(t, s.Begin())
	said := w.said(t, s)
	assert.Contains(t, said, "127.77.8.10:8443 says the key service")
	assert.Contains(t, said, "169.254.169.254:80 says the metadata server")
	assert.Contains(t, said, own+":9 says dial tcp "+own+":9: connect: connection refused", "the program's own address refuses as usual")
	assert.Contains(t, said, outside.Addr().String()+" says dial tcp "+outside.Addr().String()+": connect: connection refused")
}

func TestWhatNobodyListensForIsDroppedAndNotRefused(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	if w.noDrop != "" {
		t.Skipf("this machine refuses at once: %s", w.noDrop)
	}
	for _, arguments := range []string{"knock tcp 127.77.8.10:9", "knock tcp 8.8.8.8:53", "knock udp 8.8.8.8:53"} {
		s := w.start(t, strings.Fields(arguments)...)
		require.NoError(t, s.Begin())
		assert.Contains(t, w.said(t, s), "i/o timeout", arguments)
	}
}

func TestAShutListenerTakesNothingUntilItIsOpened(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	s := w.start(t, "sleep")
	at := netip.MustParseAddrPort("127.77.8.10:8443")
	listener, err := s.Listen(at, true)
	require.NoError(t, err)
	greet(t, listener, "open")
	dial := func(answerTimeout time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), answerTimeout)
		defer cancel()
		conn, err := s.Dial(ctx, at)
		if err == nil {
			err = conn.Close()
		}
		return err
	}
	require.ErrorIs(t, dial(100*time.Millisecond), context.DeadlineExceeded)
	require.NoError(t, listener.SetShut(false))
	require.NoError(t, dial(await.Limit))
	require.NoError(t, listener.SetShut(true))
	require.ErrorIs(t, dial(100*time.Millisecond), context.DeadlineExceeded)
}

func TestPacketsAreTakenAndAnsweredInside(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	s := w.start(t, "datagram", "34.118.224.10:53")
	names, err := s.ListenPacket(netip.MustParseAddrPort("34.118.224.10:53"))
	require.NoError(t, err)
	defer func() { assert.NoError(t, names.Close()) }()
	require.NoError(t, s.Begin())
	asked := make([]byte, 100)
	n, from, err := names.ReadFrom(asked)
	require.NoError(t, err)
	assert.Equal(t, "who is example.com?", string(asked[:n]))
	_, err = names.WriteTo([]byte("nobody"), from)
	require.NoError(t, err)
	assert.Contains(t, w.said(t, s), "34.118.224.10:53 says nobody")
}

func TestTheDaemonDialsIntoASandboxAndEndsItInOrder(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	s := w.start(t, "serve", own+":8000")
	require.NoError(t, s.Begin())
	w.awaitLog(t, "serving")
	conn, err := s.Dial(t.Context(), netip.MustParseAddrPort(own+":8000"))
	require.NoError(t, err)
	said, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	assert.Equal(t, "from inside", string(said))
	_, err = net.DialTimeout("tcp", own+":8000", time.Second)
	require.Error(t, err, "nothing listens outside")
	_, err = s.Dial(t.Context(), netip.MustParseAddrPort(own+":8001"))
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	s.Process.Stop(context.Background())
	assert.Equal(t, 7, s.Process.ExitCode(), "the program's own code")
	assert.Contains(t, w.said(t, s), "asked to end")
}

func TestAProgramIsANormalUserWithoutCapabilities(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	s := w.start(t, "rights")
	require.NoError(t, s.Begin())
	said := w.said(t, s)
	for _, line := range []string{"Uid:\t65532\t65532", "CapPrm:\t0000000000000000", "CapEff:\t0000000000000000", "CapAmb:\t0000000000000000", "NoNewPrivs:\t1"} {
		assert.Contains(t, said, line)
	}
}

func TestEveryAttemptIsSeenWhateverItsAddress(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	var mu sync.Mutex
	seen := map[sandbox.Attempt]bool{}
	record := func(a sandbox.Attempt) {
		mu.Lock()
		defer mu.Unlock()
		assert.Equal(t, a.To.Addr(), a.From.Addr(), "the kernel takes what it dials for its own")
		a.From = netip.AddrPort{}
		seen[a] = true
	}
	saw := func(a sandbox.Attempt) func() bool {
		return func() bool {
			mu.Lock()
			defer mu.Unlock()
			return seen[a]
		}
	}
	for arguments, attempt := range map[string]sandbox.Attempt{
		"knock tcp 93.184.216.34:443": {Protocol: "TCP", To: netip.MustParseAddrPort("93.184.216.34:443")},
		"knock udp 169.254.20.10:53":  {Protocol: "UDP", To: netip.MustParseAddrPort("169.254.20.10:53")},
	} {
		s := w.start(t, strings.Fields(arguments)...)
		stop, err := s.Watch(record)
		require.NoError(t, err)
		require.NoError(t, s.Begin())
		await.Receive(t, s.Process.Done())
		await.True(t, saw(attempt), "%v", attempt)
		stop()
	}
}

func TestTheEndOfTheSandboxIsTheEndOfTheProgram(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	for name, end := range map[string]func(*sandbox.Sandbox){
		"when it is killed":      func(s *sandbox.Sandbox) { s.Process.Kill() },
		"when its parent is":     func(s *sandbox.Sandbox) { _ = syscall.Kill(s.Process.PID(), syscall.SIGKILL) },
		"when the daemon leaves": func(s *sandbox.Sandbox) { s.Close() },
	} {
		require.NoError(t, os.RemoveAll(w.log))
		s := w.start(t, "sleep")
		require.NoError(t, s.Begin())
		w.awaitLog(t, "sleeping 1\n")
		pid := childOf(t, s.Process.PID())
		require.NoError(t, syscall.Kill(pid, 0), "it runs, %s", name)
		end(s)
		await.Receive(t, s.Process.Done())
		await.True(t, func() bool { return syscall.Kill(pid, 0) != nil }, "no process is left, %s", name)
	}
}

// childOf is the only child of a process.
func childOf(t *testing.T, parent int) int {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(t, err)
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended meanwhile
		}
		_, rest, _ := strings.Cut(string(stat), ") ")
		var state string
		var of, pid int
		_, err = fmt.Sscan(rest, &state, &of)
		require.NoError(t, err)
		if of == parent {
			_, err = fmt.Sscanf(string(stat), "%d", &pid)
			require.NoError(t, err)
			return pid
		}
	}
	t.Fatalf("process %d has no child", parent)
	return 0
}

func TestAProgramThatDoesNotExistSaysSo(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	s, err := sandbox.Start(w.supervisor, executable(t), netip.MustParseAddr(own), process.Command{Name: "missing", Path: "/does/not/exist", LogPath: w.log})
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.Begin())
	assert.Contains(t, w.said(t, s), "start the pod's program /does/not/exist: it does not exist")
	assert.Equal(t, 1, s.Process.ExitCode())
}
