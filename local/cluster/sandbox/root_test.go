package sandbox_test

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/apptest/program"
	"github.com/coditect-ai/license-platform/local/cluster/sandbox"
	"github.com/coditect-ai/license-platform/local/host/process"
)

// built is the program of testdata, once it is.
var built string

// static builds the program of testdata once; it needs nothing but itself.
var static = sync.OnceValue(func() error {
	dir, err := os.MkdirTemp("", "sandbox-program-")
	if err != nil {
		return err
	}
	built = filepath.Join(dir, "program")
	command := exec.Command("go", "build", "-buildvcs=false", "-o", built, "./testdata/program")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	command.Stderr = os.Stderr
	return command.Run()
})

// pod starts the program of testdata in an image of its own, and waits until it has
// told what it sees.
func (w fixture) pod(t *testing.T, name, address string) (s *sandbox.Sandbox, said string) {
	t.Helper()
	require.NoError(t, static())
	content, err := os.ReadFile(built)
	require.NoError(t, err)
	image := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(image), 0o700), "as the daemon's own folder")
	program.Write(t, filepath.Join(image, "program"), content)
	root, err := os.OpenRoot(image)
	require.NoError(t, err)
	require.NoError(t, sandbox.Prepare(root))
	require.NoError(t, root.Close())
	log := filepath.Join(t.TempDir(), "log")
	s, err = sandbox.Start(w.supervisor, executable(t), netip.MustParseAddr(address), process.Command{
		Name: name, Path: filepath.Join(image, "program"), Dir: image, LogPath: log, UserID: 65532, Grace: time.Second,
		Env:  []string{"CERTIFICATES=" + filepath.Join(image, "certificates")},
		Root: image, Hostname: name, RootFiles: map[string]string{"/etc/hosts": "127.0.0.1 localhost\n"},
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		s.Process.Kill()
		await.Receive(t, s.Process.Done())
		s.Close()
	})
	require.NoError(t, s.Begin())
	return s, fixture{log: log}.awaitLog(t, "seen\n")
}

func TestAPodSeesItsImageAndItsOwnProcessesAndNothingElse(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	_, said := w.pod(t, "license-api-1", own)
	for _, line := range []string{
		"hostname license-api-1 <nil>",
		"process 1 user 65532 65532",
		"/: dev etc proc program <nil>",
		"/dev: fd full null random shm stderr stdin stdout urandom zero <nil>",
		"/etc: hostname hosts resolv.conf <nil>",
		"/proc/self/fd: 0 1 2 3 <nil>", // the last is how it looks
		"hosts 127.0.0.1 localhost",
		"files of the image: /certificates",
		"write /dev/null <nil>",
		"write /dev/shm/own <nil>",
		"write /etc/hosts open /etc/hosts: ",
		"write /new open /new: read-only file system",
		"write /proc/sys/kernel/core_pattern open /proc/sys/kernel/core_pattern: ",
		"forget what was said: invalid argument",
		"no more processes: fork/exec /proc/self/exe: resource temporarily unavailable",
	} {
		assert.Contains(t, said, line)
	}
	assert.NotContains(t, said, "core_pattern <nil>")
	assert.NotContains(t, said, "write /etc/hosts <nil>")
}

// TestNothingOfTheMachineIsWithinReachOfAPod tries every move in the place of a
// pod's program, and, to see that it would succeed, as a process of the machine.
func TestNothingOfTheMachineIsWithinReachOfAPod(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	s, _ := w.pod(t, "stolen", own)
	neighbour, _ := w.pod(t, "neighbour", "127.77.64.3")

	dir, err := os.MkdirTemp("/tmp", "bait-")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o777))
	secret := filepath.Join(dir, "ca.key")
	require.NoError(t, os.WriteFile(secret, []byte("secret"), 0o644))
	for _, name := range []string{filepath.Join(dir, "socket"), "@license-platform-" + filepath.Base(dir)} {
		listener, err := net.Listen("unix", name)
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, listener.Close()) })
	}
	key := int(time.Now().UnixNano() & 0x7fffffff)
	memory, err := unix.SysvShmGet(key, 4096, unix.IPC_CREAT|0o666)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := unix.SysvShmCtl(memory, unix.IPC_RMID, nil)
		assert.NoError(t, err)
	})
	hostname, err := os.Hostname()
	require.NoError(t, err)
	outside, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, outside.Close()) })

	for name, test := range map[string]struct {
		move    sandbox.Move
		refused string // the kernel's error
		local   bool   // what a process of the machine cannot do either
	}{
		"a file that everybody may read":       {sandbox.Move{Kind: sandbox.Reads, On: secret}, "ENOENT", false},
		"a folder that everybody may write":    {sandbox.Move{Kind: sandbox.Writes, On: filepath.Join(dir, "new")}, "ENOENT", false},
		"its own image":                        {sandbox.Move{Kind: sandbox.Writes, On: "/new"}, "EROFS", true},
		"a socket in a file":                   {sandbox.Move{Kind: sandbox.Connects, On: filepath.Join(dir, "socket")}, "ENOENT", false},
		"an abstract socket":                   {sandbox.Move{Kind: sandbox.Connects, On: "@license-platform-" + filepath.Base(dir)}, "ECONNREFUSED", false},
		"a signal to a process of the machine": {sandbox.Move{Kind: sandbox.Signals, On: strconv.Itoa(os.Getpid())}, "ESRCH", false},
		"a signal to another pod":              {sandbox.Move{Kind: sandbox.Signals, On: strconv.Itoa(childOf(t, neighbour.Process.PID()))}, "ESRCH", false},
		"a process of the machine in /proc":    {sandbox.Move{Kind: sandbox.Sees, On: "stand"}, "ESRCH", false},
		"the file system of a process":         {sandbox.Move{Kind: sandbox.Reads, On: fmt.Sprintf("/proc/%d/root%s", os.Getpid(), secret)}, "ENOENT", false},
		"shared memory":                        {sandbox.Move{Kind: sandbox.Attaches, On: strconv.Itoa(key)}, "ENOENT", false},
		"a VSOCK to the machine below":         {sandbox.Move{Kind: sandbox.Opens, On: strconv.Itoa(unix.AF_VSOCK)}, "EAFNOSUPPORT", false},
		"the kernel's ciphers":                 {sandbox.Move{Kind: sandbox.Opens, On: strconv.Itoa(unix.AF_ALG)}, "EAFNOSUPPORT", true},
		"a user namespace in which it is root": {sandbox.Move{Kind: sandbox.Unshares}, "EPERM", false},
		"a port of the machine":                {sandbox.Move{Kind: sandbox.Dials, On: outside.Addr().String()}, "ECONNREFUSED", false},
		"raw packets":                          {sandbox.Move{Kind: sandbox.Opens, On: "2 raw"}, "EPERM", true},
		"raw frames":                           {sandbox.Move{Kind: sandbox.Opens, On: "17 raw"}, "EAFNOSUPPORT", true},
		"the kernel's keys":                    {sandbox.Move{Kind: sandbox.Calls, On: sandbox.KeyRings}, "EPERM", true},
		"io_uring":                             {sandbox.Move{Kind: sandbox.Calls, On: sandbox.IORings}, "EPERM", true},
		"page faults":                          {sandbox.Move{Kind: sandbox.Calls, On: sandbox.PageFaults}, "EPERM", true},
		"programs in the kernel":               {sandbox.Move{Kind: sandbox.Calls, On: sandbox.Programs}, "EPERM", true},
		"what other programs do":               {sandbox.Move{Kind: sandbox.Calls, On: sandbox.Profiles}, "EPERM", true},
		"the kernel's log":                     {sandbox.Move{Kind: sandbox.Reads, On: "/dev/kmsg"}, "ENOENT", true},
		"control groups":                       {sandbox.Move{Kind: sandbox.Reads, On: "/sys/fs/cgroup"}, "ENOENT", true},
		"the machine's name":                   {sandbox.Move{Kind: sandbox.Privately, On: hostname}, "the machine is called stolen", false},
	} {
		result, err := s.Intrude(t.Context(), test.move)
		require.NoError(t, err, name)
		assert.Equal(t, sandbox.Result{Refused: test.refused}, result, name)
		if !test.local {
			local := test.move.Do()
			if test.move.Kind == sandbox.Opens && local.Refused == "EAFNOSUPPORT" {
				continue // this machine has none
			}
			assert.NotEmpty(t, local.Got, "%s, from outside: %s", name, local.Refused)
		}
	}
	seen, err := s.Intrude(t.Context(), sandbox.Move{Kind: sandbox.Sees, On: "/program"})
	require.NoError(t, err)
	assert.Equal(t, "process 1 is seen", seen.Got, "it is where the pod's program is")
	tcp, err := s.Intrude(t.Context(), sandbox.Move{Kind: sandbox.Opens, On: strconv.Itoa(unix.AF_INET)})
	require.NoError(t, err)
	assert.NotEmpty(t, tcp.Got, "what a program needs is not kept from it")
}

func TestNobodyIsInThePlaceOfAProgramThatDoesNotRun(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	s := w.start(t, "sleep") // and never begins
	_, err := s.Intrude(t.Context(), sandbox.Move{Kind: sandbox.Sees, On: "x"})
	require.ErrorContains(t, err, "the pod's program does not run")
}
