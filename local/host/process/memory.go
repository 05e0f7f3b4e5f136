package process

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// maxProcesses bounds how many processes of a tree are looked at; a pod may have fewer.
const maxProcesses = 4096

// Memory is the memory of a process and of all processes that it has started, in bytes:
// only memory that the kernel cannot reclaim, so pages of program files do not count
// (RssAnon and RssShmem in https://man7.org/linux/man-pages/man5/proc_pid_status.5.html).
// A process that has ended takes nothing.
func Memory(pid int) int64 {
	var sum int64
	left := []int{pid}
	for seen := 0; len(left) > 0 && seen < maxProcesses; seen++ {
		next := left[len(left)-1]
		left = append(left[:len(left)-1], startedBy(next)...)
		sum += memoryOf(next)
	}
	return sum
}

// startedBy are the processes that a process has started, in any session.
func startedBy(pid int) []int {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/[0-9]*/children", pid))
	if err != nil {
		return nil
	}
	var children []int
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			continue // the thread has ended meanwhile
		}
		for _, field := range strings.Fields(string(content)) {
			if child, err := strconv.Atoi(field); err == nil {
				children = append(children, child)
			}
		}
	}
	return children
}

func memoryOf(pid int) int64 {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0 // it has ended
	}
	var sum int64
	lines := bufio.NewScanner(bytes.NewReader(content))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) != 3 || fields[0] != "RssAnon:" && fields[0] != "RssShmem:" {
			continue
		}
		if kib, err := strconv.ParseInt(fields[1], 10, 64); err == nil {
			sum += kib << 10
		}
	}
	return sum
}
