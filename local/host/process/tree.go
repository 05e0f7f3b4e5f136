package process

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// KillTree ends a process and those that it has started, at once.
func KillTree(pid int) {
	children := childrenOf(pid)
	_ = syscall.Kill(pid, syscall.SIGKILL) // first, so that it starts no more
	killAll(children)
}

// KillChildren kills the children of a process at once, except those with their own
// session, such as the daemon.
func KillChildren(pid int) { killAll(childrenOf(pid)) }

func killAll(pids []int) {
	for _, pid := range pids {
		_ = syscall.Kill(-pid, syscall.SIGKILL) // its process group, if it leads one
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// childrenOf are the processes of the same session that a process has started, and
// those that they have started.
func childrenOf(parent int) []int {
	session, err := unix.Getsid(parent)
	if err != nil {
		return nil // it has ended
	}
	parents := map[int]int{}
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil
	}
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended meanwhile
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:])) // proc(5): state, parent, group, session
		if err != nil || len(fields) < 4 || fields[3] != strconv.Itoa(session) {
			continue
		}
		if of, err := strconv.Atoi(fields[1]); err == nil {
			parents[pid] = of
		}
	}
	var found []int
	for pid := range parents {
		for ancestor, known := parents[pid], true; known; ancestor, known = parents[ancestor] {
			if ancestor == parent {
				found = append(found, pid)
				break
			}
		}
	}
	return found
}
