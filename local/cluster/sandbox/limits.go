package sandbox

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// maxTasks is how many processes and threads a pod may have, as a kubelet's podPidsLimit says
// (https://kubernetes.io/docs/concepts/policy/pid-limiting/). The API has some thirty.
const maxTasks = 1024

// noCore keeps the kernel from writing the memory of a program that crashes, with its secrets,
// into a file, and from giving it to a program of the machine (1 is special, core(5)).
const noCore = 1

// limitProgram bounds what this process, and what it becomes and starts, takes of the machine
// (setrlimit(2)). Memory is the kubelet's to look at.
func limitProgram() error {
	for which, most := range map[int]uint64{unix.RLIMIT_NPROC: maxTasks, unix.RLIMIT_CORE: noCore} {
		var now unix.Rlimit
		if err := unix.Getrlimit(which, &now); err != nil {
			return fmt.Errorf("read a limit of the pod's program: %w", err)
		}
		most = min(most, now.Max)
		if err := unix.Setrlimit(which, &unix.Rlimit{Cur: most, Max: most}); err != nil {
			return fmt.Errorf("limit the pod's program: %w", err)
		}
	}
	return nil
}
