package process_test

import (
	"bufio"
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/local/host/process"
)

// daemonEnv makes this test binary play a daemon that starts one child.
const daemonEnv = "PROCESS_TEST_DAEMON_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(daemonEnv); dir != "" {
		playDaemon(dir)
		return
	}
	goleak.VerifyTestMain(m)
}

// playDaemon starts a sleeper, prints its process id and waits to be killed.
func playDaemon(dir string) {
	s, err := process.NewSupervisor(dir, slog.New(slog.DiscardHandler))
	if err != nil {
		panic(err)
	}
	p, err := s.Start(process.Command{Name: "sleeper", Path: "/bin/sleep", Args: []string{"300"}, Unprivileged: os.Getuid() == 0})
	if err != nil {
		panic(err)
	}
	_, _ = os.Stdout.WriteString(strconv.Itoa(p.PID()) + "\n")
	<-p.Done()
}

func newSupervisor(t *testing.T) *process.Supervisor {
	t.Helper()
	s, err := process.NewSupervisor(t.TempDir(), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

func TestAChildDiesWithADaemonThatIsKilled(t *testing.T) {
	dir := t.TempDir()
	daemon := exec.Command(os.Args[0])
	daemon.Env = append(os.Environ(), daemonEnv+"="+dir)
	output, err := daemon.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, daemon.Start())
	line, err := bufio.NewReader(output).ReadString('\n')
	require.NoError(t, err)
	child, err := strconv.Atoi(strings.TrimSpace(line))
	require.NoError(t, err)
	require.True(t, alive(child))

	require.NoError(t, daemon.Process.Kill())
	_ = daemon.Wait()

	await.True(t, func() bool { return !alive(child) })
	assert.FileExists(t, filepath.Join(dir, "sleeper.pid"))
	s, err := process.NewSupervisor(dir, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	s.Close()
	assert.NoFileExists(t, filepath.Join(dir, "sleeper.pid"))
}

func TestAProcessLeftBehindIsKilledAtTheNextStartAndAStrangerIsNot(t *testing.T) {
	dir := t.TempDir()
	left, stranger := exec.Command("/bin/sleep", "300"), exec.Command("/bin/sleep", "300")
	require.NoError(t, left.Start())
	require.NoError(t, stranger.Start())
	defer func() { _ = stranger.Process.Kill(); _ = stranger.Wait() }()
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	require.NoError(t, err)
	record := func(name string, pid int, started string) {
		content := strconv.Itoa(pid) + " " + started + " " + strings.TrimSpace(string(boot))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	record("left.pid", left.Process.Pid, startedAt(t, left.Process.Pid))
	record("stranger.pid", stranger.Process.Pid, "1")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "garbage.pid"), []byte("-1 nonsense"), 0o600))

	s, err := process.NewSupervisor(dir, slog.New(slog.DiscardHandler))

	require.NoError(t, err)
	defer s.Close()
	assert.Error(t, left.Wait(), "it was killed")
	assert.True(t, alive(stranger.Process.Pid), "a reused process id is somebody else")
}

func TestStopAsksFirstAndKillsAfterTheGrace(t *testing.T) {
	s := newSupervisor(t)
	for name, c := range map[string]struct {
		script string
		grace  time.Duration
		code   int
	}{
		"a process that listens ends by itself": {`trap 'exit 7' TERM; echo ready; while :; do sleep 0.05; done`, await.Limit, 7},
		"a deaf process is killed":              {`trap '' TERM; echo ready; while :; do sleep 0.05; done`, 100 * time.Millisecond, 128 + int(syscall.SIGKILL)},
	} {
		t.Run(name, func(t *testing.T) {
			log := filepath.Join(t.TempDir(), "log")
			p, err := s.Start(process.Command{
				Name: "shell", Path: "/bin/sh", Args: []string{"-c", c.script}, Env: []string{"PATH=/bin:/usr/bin"},
				LogPath: log, Grace: c.grace,
			})
			require.NoError(t, err)
			await.True(t, func() bool { return p.Tail(1) == "ready" })
			assert.Equal(t, -1, p.ExitCode())

			p.Stop(t.Context())

			assert.Equal(t, c.code, p.ExitCode())
			assert.False(t, alive(p.PID()))
		})
	}
}

func TestAProgramSeesOnlyTheEnvironmentItIsGiven(t *testing.T) {
	s := newSupervisor(t)
	log := filepath.Join(t.TempDir(), "log")
	require.NoError(t, s.Run(t.Context(), process.Command{Name: "env", Path: "/usr/bin/env", Env: []string{"A=1"}, LogPath: log}))
	content, err := os.ReadFile(log)
	require.NoError(t, err)
	assert.Equal(t, "A=1\n", string(content))
}

func TestAnUnprivilegedProgramIsNotRootAndReachesItsFiles(t *testing.T) {
	s := newSupervisor(t)
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o700))
	log := filepath.Join(dir, "log")
	require.NoError(t, s.Run(t.Context(), process.Command{
		Name: "id", Path: "/bin/sh", Args: []string{"-c", "id -u; echo done > " + dir + "/made"}, Env: []string{"PATH=/bin:/usr/bin"}, LogPath: log,
		Unprivileged: true, UserID: 65532,
	}))
	content, err := os.ReadFile(log)
	require.NoError(t, err)
	if os.Getuid() == 0 {
		assert.Equal(t, "65532\n", string(content))
	}
	made, err := os.ReadFile(filepath.Join(dir, "made"))
	require.NoError(t, err)
	assert.Equal(t, "done\n", string(made))
}

func TestAFailedRunSaysWhatTheProgramSaid(t *testing.T) {
	s := newSupervisor(t)
	err := s.Run(t.Context(), process.Command{Name: "fails", Path: "/bin/sh", Args: []string{"-c", "echo out of cheese >&2; exit 3"}})
	assert.ErrorContains(t, err, "fails ended with code 3: out of cheese")
}

func TestARunEndsWithItsContext(t *testing.T) {
	s := newSupervisor(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := s.Run(ctx, process.Command{Name: "long", Path: "/bin/sleep", Args: []string{"300"}})
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestWhatCannotBeStartedIsRefused(t *testing.T) {
	s := newSupervisor(t)
	_, err := s.Start(process.Command{Name: "running", Path: "/bin/sleep", Args: []string{"300"}})
	require.NoError(t, err)
	for name, c := range map[string]struct {
		command process.Command
		says    string
	}{
		"a name that would leave the folder": {process.Command{Name: "../x", Path: "/bin/true"}, "letters, digits"},
		"a relative path":                    {process.Command{Name: "x", Path: "true"}, "must be absolute"},
		"a program that does not exist":      {process.Command{Name: "x", Path: "/does/not/exist"}, "no such file"},
		"a name that runs":                   {process.Command{Name: "running", Path: "/bin/true"}, "is running"},
	} {
		_, err := s.Start(c.command)
		assert.ErrorContains(t, err, c.says, name)
	}
	s.Close()
	_, err = s.Start(process.Command{Name: "late", Path: "/bin/true"})
	assert.ErrorContains(t, err, "closed")
}

// alive says that the process exists and is not a zombie.
func alive(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

func startedAt(t *testing.T, pid int) string {
	t.Helper()
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	require.NoError(t, err)
	return strings.Fields(string(stat))[21]
}
