package sandbox

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The system calls of Calls.
const (
	KeyRings   = "keyctl"          // the keys that the kernel keeps for a user, of every pod
	IORings    = "io_uring_setup"  // sockets and files past what looks at system calls
	PageFaults = "userfaultfd"     // stops the kernel in the middle of its work
	Programs   = "bpf"             // programs inside the kernel
	Profiles   = "perf_event_open" // what other programs do
)

// call makes a system call that changes nothing, or undoes at once what it made.
func call(name string) error {
	var result uintptr
	var failed unix.Errno
	switch name {
	case KeyRings:
		_, err := unix.KeyctlGetKeyringID(unix.KEY_SPEC_SESSION_KEYRING, false)
		return err
	case IORings:
		var parameters [120]byte // struct io_uring_params
		result, _, failed = unix.Syscall(unix.SYS_IO_URING_SETUP, 1, uintptr(unsafe.Pointer(&parameters[0])), 0)
	case PageFaults:
		const userModeOnly = 1
		result, _, failed = unix.Syscall(unix.SYS_USERFAULTFD, unix.O_CLOEXEC|userModeOnly, 0, 0)
	case Programs:
		array := [4]uint32{unix.BPF_MAP_TYPE_ARRAY, 4, 4, 1} // union bpf_attr: kind, sizes of key and value, entries
		result, _, failed = unix.Syscall(unix.SYS_BPF, unix.BPF_MAP_CREATE, uintptr(unsafe.Pointer(&array[0])), unsafe.Sizeof(array))
	case Profiles:
		descriptor, err := unix.PerfEventOpen(&unix.PerfEventAttr{Type: unix.PERF_TYPE_SOFTWARE, Size: uint32(unsafe.Sizeof(unix.PerfEventAttr{})), Config: unix.PERF_COUNT_SW_CPU_CLOCK}, 0, -1, -1, unix.PERF_FLAG_FD_CLOEXEC)
		if err != nil {
			return err
		}
		return unix.Close(descriptor)
	default:
		return fmt.Errorf("there is no call %q", name)
	}
	if failed != 0 {
		return failed
	}
	return unix.Close(int(result))
}
