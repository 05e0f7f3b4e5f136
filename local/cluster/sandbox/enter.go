package sandbox

import (
	"errors"
	"fmt"
	"math"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// aliveFile is the descriptor of a pipe whose other end closes when the process in the
// network namespace ends.
const aliveFile = 3

// enter creates the environment of the pod's program and then becomes the program. This
// process is the first of its process namespace, and the only one in its other
// namespaces.
func enter(s setup) error {
	// The program inherits none of the daemon's open files.
	if err := unix.CloseRange(aliveFile, math.MaxInt32, unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return fmt.Errorf("keep open files from the pod's program: %w", err)
	}
	if s.Root != "" {
		if err := changeRoot(s); err != nil {
			return err
		}
		const longest = 63 // as Kubernetes cuts it
		if err := unix.Sethostname([]byte(s.Hostname[:min(len(s.Hostname), longest)])); err != nil {
			return fmt.Errorf("name the pod's machine: %w", err)
		}
	}
	if err := limitProgram(); err != nil {
		return err
	}
	if err := dropPrivileges(s.User); err != nil {
		return err
	}
	// A change of the user cancels the parent-death signal that was set at the start
	// (prctl(2)).
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return fmt.Errorf("end with the sandbox: %w", err)
	}
	if left, err := unix.Poll([]unix.PollFd{{Fd: aliveFile}}, 0); err != nil || left != 0 {
		return errors.Join(errors.New("the sandbox has ended"), err)
	}
	if err := unix.Chdir(s.Dir); err != nil {
		return fmt.Errorf("start the pod's program in %s: %w", s.Dir, err)
	}
	err := syscall.Exec(s.Program[0], s.Program, os.Environ())
	if errors.Is(err, unix.ENOENT) {
		return errors.New(missing(s.Program[0]))
	}
	return fmt.Errorf("start the pod's program %s: %w", s.Program[0], err)
}

// missing says that a program does not exist.
func missing(program string) string {
	return fmt.Sprintf("start the pod's program %s: it does not exist", program)
}

// dropPrivileges changes this thread, and the programs that it executes or starts, to the
// user without any capability.
func dropPrivileges(user int) error {
	for capability := 0; capability <= unix.CAP_LAST_CAP; capability++ {
		// A kernel that is older than this list does not know the last ones.
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, uintptr(capability), 0, 0, 0); err != nil && err != unix.EINVAL {
			return fmt.Errorf("give up capability %d for good: %w", capability, err)
		}
	}
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return fmt.Errorf("give up the ambient capabilities: %w", err)
	}
	if user != unix.Getuid() {
		// The standard library's functions change every thread; this one is enough.
		if _, _, failed := unix.RawSyscall(unix.SYS_SETGROUPS, 0, 0, 0); failed != 0 {
			return fmt.Errorf("give up the groups: %w", failed)
		}
		id := uintptr(user)
		if _, _, failed := unix.RawSyscall(unix.SYS_SETRESGID, id, id, id); failed != 0 {
			return fmt.Errorf("become group %d: %w", user, failed)
		}
		if _, _, failed := unix.RawSyscall(unix.SYS_SETRESUID, id, id, id); failed != 0 {
			return fmt.Errorf("become user %d: %w", user, failed)
		}
	}
	none := [2]unix.CapUserData{}
	if err := unix.Capset(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &none[0]); err != nil {
		return fmt.Errorf("give up the capabilities: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("give up new privileges: %w", err)
	}
	return installSeccompFilter()
}
