package sandbox

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// installSeccompFilter denies this thread, and the program that it becomes, system calls
// that namespaces do not isolate: sockets of other families than IP, Unix and netlink
// (VSOCK leads to the host of this machine), key rings, BPF, and new namespaces with their
// capabilities. It is a part of what containerd and Docker refuse by default, and what a
// pod with seccompProfile RuntimeDefault is refused
// (https://docs.docker.com/engine/security/seccomp/,
// https://kubernetes.io/docs/tutorials/security/seccomp/); Docker lets more families of
// sockets through.
func installSeccompFilter() error {
	program, err := seccompFilter(runtime.GOARCH)
	if err != nil {
		return err
	}
	filter := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&filter)), 0, 0); err != nil {
		return fmt.Errorf("keep system calls from the pod's program (seccomp): %w", err)
	}
	runtime.KeepAlive(program)
	return nil
}

// forbidden are refused with EPERM.
func forbidden() []uint32 {
	return []uint32{
		unix.SYS_UNSHARE, unix.SYS_SETNS,
		unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT, unix.SYS_MOUNT_SETATTR, unix.SYS_OPEN_TREE,
		unix.SYS_MOVE_MOUNT, unix.SYS_FSOPEN, unix.SYS_FSCONFIG, unix.SYS_FSMOUNT, unix.SYS_FSPICK, unix.SYS_OPEN_BY_HANDLE_AT,
		unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY, unix.SYS_KEYCTL,
		unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD, unix.SYS_KEXEC_LOAD, unix.SYS_KEXEC_FILE_LOAD,
		unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER, // they make sockets without socket(2)
	}
}

// families are the sockets that a network namespace divides, or that stay inside it.
func families() []uint32 {
	return []uint32{unix.AF_UNIX, unix.AF_INET, unix.AF_INET6, unix.AF_NETLINK}
}

// seccompFilter is the filter in the words of seccomp(2).
func seccompFilter(architecture string) ([]unix.SockFilter, error) {
	const (
		number, arch, argument = 0, 4, 16 // in struct seccomp_data
		x32                    = 0x40000000
		makesUsers             = unix.CLONE_NEWUSER
	)
	audited, known := map[string]uint32{"amd64": unix.AUDIT_ARCH_X86_64, "arm64": unix.AUDIT_ARCH_AARCH64}[architecture]
	if !known {
		return nil, fmt.Errorf("no system calls can be kept from a program on %s: amd64 and arm64 are known", architecture)
	}
	load := func(at uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: at}
	}
	unless := func(test uint16, value uint32, jump int) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | test | unix.BPF_K, K: value, Jf: uint8(jump)}
	}
	refuse := func(with unix.Errno) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(with)}
	}
	allow := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW}
	program := []unix.SockFilter{
		load(arch),
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: audited, Jt: 1},
		refuse(unix.EPERM),
		load(number), unless(unix.BPF_JGE, x32, 1), refuse(unix.EPERM),
	}
	for _, call := range forbidden() {
		program = append(program, unless(unix.BPF_JEQ, call, 1), refuse(unix.EPERM))
	}
	// The arguments of clone3 are in memory, which a filter cannot read; without clone3,
	// C libraries use clone.
	program = append(program, unless(unix.BPF_JEQ, unix.SYS_CLONE3, 1), refuse(unix.ENOSYS))
	program = append(program,
		unless(unix.BPF_JEQ, unix.SYS_CLONE, 4), load(argument), unless(unix.BPF_JSET, makesUsers, 1), refuse(unix.EPERM), allow)
	program = append(program, unless(unix.BPF_JEQ, unix.SYS_SOCKET, 2+2*len(families())), load(argument))
	for _, family := range families() {
		program = append(program, unless(unix.BPF_JEQ, family, 1), allow)
	}
	return append(program, refuse(unix.EAFNOSUPPORT), allow), nil
}
