package attack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/coditect-ai/license-platform/local/cluster/sandbox"
	"github.com/coditect-ai/license-platform/local/report/layer"
)

// escape is what an intruder in an API pod tries on the machine that it runs on:
// past the network, by what processes of one machine otherwise share.
type escape struct {
	// bait finds or creates the intruder's target, and returns how to remove it.
	bait func(t *Target) (on string, remove func() error, err error)
	kind string
	// nowhere says that it is tried in the pod only: the machine may refuse it, too.
	nowhere bool
}

// try makes the move as if it were the pod's program. What cannot be done from outside
// either proves nothing.
func (e escape) try(ctx context.Context, t *Target) (finding Finding, err error) {
	if t.Intrude == nil {
		return Finding{}, errors.New("no attack from within a pod is possible: pods have no file system of their own")
	}
	on, remove, err := e.bait(t)
	if err != nil {
		return Finding{}, fmt.Errorf("find the intruder's targets: %w", err)
	}
	defer func() { err = errors.Join(err, remove()) }()
	move := sandbox.Move{Kind: e.kind, On: on}
	if outside := move.Do(); !e.nowhere && outside.Refused != "" {
		return Finding{}, fmt.Errorf("it is refused outside of the pod, too, so this proves nothing: %s %s: %s", e.kind, on, outside.Refused)
	}
	result, err := t.Intrude(ctx, t.API.IP, move)
	switch {
	case err != nil:
		return Finding{}, fmt.Errorf("move within a pod: %w", err)
	case result.Refused == "":
		return Finding{Rule: "the pod reached the machine", Why: result.Got, Status: "done"}, nil
	default:
		return Finding{Layer: layer.Workload, Rule: "own namespaces", Why: "the kernel answers " + result.Refused, Status: result.Refused}, nil
	}
}

func (e escape) as(name string) Attack {
	return Attack{Name: "from an API pod " + name, Layer: layer.Workload, Rule: "own namespaces", Try: e.try}
}

// existingTarget is a target that exists already: nothing has to be removed after the attack.
func existingTarget(path func(t *Target) string) func(*Target) (string, func() error, error) {
	return func(t *Target) (string, func() error, error) { return path(t), func() error { return nil }, nil }
}

// ofDaemon is a file in the embedded cloud's folder.
func ofDaemon(name string) func(*Target) (string, func() error, error) {
	return existingTarget(func(t *Target) string { return filepath.Join(t.Dir, name) })
}

// publicFile makes a file that everybody may read.
func publicFile(*Target) (string, func() error, error) {
	file, err := os.CreateTemp("", "license-platform-*")
	if err != nil {
		return "", nil, err
	}
	remove := func() error { return os.Remove(file.Name()) }
	if err := errors.Join(file.Chmod(0o644), file.Close()); err != nil {
		return "", nil, errors.Join(err, remove())
	}
	return file.Name(), remove, nil
}

// databaseSocket is where the daemon administers PostgreSQL.
func databaseSocket(t *Target) (string, func() error, error) {
	found, err := fs.Glob(os.DirFS(t.Dir), "postgres/*/socket/.s.PGSQL.*[0-9]")
	if err != nil || len(found) == 0 {
		return "", nil, errors.Join(errors.New("PostgreSQL has no socket"), err)
	}
	return filepath.Join(t.Dir, found[0]), func() error { return nil }, nil
}

// abstractSocket listens under a name in the abstract namespace.
func abstractSocket(*Target) (string, func() error, error) {
	name := "@license-platform-" + strconv.Itoa(os.Getpid())
	listener, err := net.Listen("unix", name)
	if err != nil {
		return "", nil, err
	}
	return name, listener.Close, nil
}

// sharedMemory makes a System V segment that everybody may attach.
func sharedMemory(*Target) (string, func() error, error) {
	key := 0x11ce0000 + os.Getpid()&0xffff
	id, err := unix.SysvShmGet(key, 4096, unix.IPC_CREAT|unix.IPC_EXCL|0o666)
	if err != nil {
		return "", nil, err
	}
	return strconv.Itoa(key), func() error {
		_, err := unix.SysvShmCtl(id, unix.IPC_RMID, nil)
		return err
	}, nil
}

// Escapes are the moves from within a pod to its machine; they need Target.Intrude.
func Escapes() []Attack {
	ofProcess := func(format string) func(*Target) (string, func() error, error) {
		return existingTarget(func(t *Target) string { return fmt.Sprintf(format, t.Daemon) })
	}
	fixed := func(on string) func(*Target) (string, func() error, error) {
		return existingTarget(func(*Target) string { return on })
	}
	return []Attack{
		escape{bait: ofDaemon("daemon.json"), kind: sandbox.Reads}.as("to the embedded cloud's control token"),
		escape{bait: ofDaemon("ca.key"), kind: sandbox.Reads}.as("to the authority's private key"),
		escape{bait: publicFile, kind: sandbox.Reads}.as("to a file of the machine that everybody may read"),
		escape{bait: fixed("/license-api.new"), kind: sandbox.Writes, nowhere: true}.as("to a program of its own in its image"),
		escape{bait: databaseSocket, kind: sandbox.Connects}.as("to PostgreSQL's socket, past every policy"),
		escape{bait: abstractSocket, kind: sandbox.Connects}.as("to an abstract socket of the machine"),
		escape{bait: sharedMemory, kind: sandbox.Attaches}.as("to shared memory of the machine"),
		escape{bait: ofProcess("%d"), kind: sandbox.Signals}.as("by a signal to the daemon"),
		escape{bait: ofProcess("/proc/%d/cmdline"), kind: sandbox.Reads}.as("to the machine's processes in /proc"),
		escape{bait: ofProcess("/proc/%d/root/etc/passwd"), kind: sandbox.Reads}.as("to the machine's files through /proc"),
		escape{bait: ofProcess("/proc/%d/mem"), kind: sandbox.Reads, nowhere: true}.as("to the daemon's memory"),
		escape{bait: existingTarget(func(t *Target) string { return t.Commands }), kind: sandbox.Dials}.as("to the port that takes the embedded cloud's commands"),
		escape{bait: existingTarget(func(t *Target) string { return t.Edge.String() }), kind: sandbox.Dials}.as("to the load balancer's port on the machine"),
		escape{bait: fixed("/dev/kmsg"), kind: sandbox.Reads, nowhere: true}.as("to the kernel's log"),
		escape{bait: fixed("/sys/fs/cgroup"), kind: sandbox.Reads, nowhere: true}.as("to the machine's control groups"),
		escape{bait: fixed("/proc/sys/kernel/core_pattern"), kind: sandbox.Changes, nowhere: true}.as("to what the kernel starts when a program crashes"),
		escape{bait: fixed("/proc/sysrq-trigger"), kind: sandbox.Changes, nowhere: true}.as("to a restart of the machine"),
		escape{bait: fixed(strconv.Itoa(unix.AF_VSOCK)), kind: sandbox.Opens, nowhere: true}.as("by a VSOCK to the machine below"),
		escape{bait: fixed(strconv.Itoa(unix.AF_INET) + " raw"), kind: sandbox.Opens, nowhere: true}.as("by packets of its own making"),
		escape{bait: fixed(strconv.Itoa(unix.AF_PACKET) + " raw"), kind: sandbox.Opens, nowhere: true}.as("by frames of its own making"),
		escape{bait: fixed(sandbox.KeyRings), kind: sandbox.Calls, nowhere: true}.as("to the keys that the kernel keeps"),
		escape{bait: fixed(sandbox.IORings), kind: sandbox.Calls, nowhere: true}.as("past the filter of system calls, by io_uring"),
		escape{bait: fixed(sandbox.PageFaults), kind: sandbox.Calls, nowhere: true}.as("into the middle of the kernel's work"),
		escape{bait: fixed(sandbox.Programs), kind: sandbox.Calls, nowhere: true}.as("by a program inside the kernel"),
		escape{bait: fixed(sandbox.Profiles), kind: sandbox.Calls, nowhere: true}.as("to what other programs do"),
		escape{bait: fixed(""), kind: sandbox.Unshares, nowhere: true}.as("to root in a namespace of its own"),
	}
}
