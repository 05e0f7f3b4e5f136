package daemon

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Kill ends every process that runs from the folder: a daemon that does not
// answer, and whatever it left behind. It is for a daemon that cannot be asked to stop.
func Kill(dir string) error {
	for range 100 {
		left, err := processes(dir)
		if err != nil {
			return err
		}
		if len(left) == 0 {
			return nil
		}
		for _, pid := range left {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("end process %d of the embedded cloud: %w", pid, err)
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	return fmt.Errorf("processes of the embedded cloud in %s do not end", dir)
}

// processes lists those, other than this one, whose program or first arguments
// lie in the folder.
func processes(dir string) ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("list the processes: %w", err)
	}
	var found []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || pid == os.Getpid() || zombie(pid) {
			continue
		}
		if belongs(pid, dir) {
			found = append(found, pid)
		}
	}
	return found, nil
}

// belongs looks at the program that runs, and at the words of the command line:
// PostgreSQL and Redis are the system's programs with a folder of ours.
func belongs(pid int, dir string) bool {
	inside := func(path string) bool { return strings.HasPrefix(path, dir+string(filepath.Separator)) }
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	if program, err := os.Readlink(filepath.Join(proc, "exe")); err == nil && inside(program) {
		return true
	}
	if workdir, err := os.Readlink(filepath.Join(proc, "cwd")); err == nil && inside(workdir) {
		program, err := os.Readlink(filepath.Join(proc, "exe"))
		return err == nil && (strings.HasSuffix(program, "/postgres") || strings.HasPrefix(filepath.Base(program), "redis-"))
	}
	return false
}

// zombie says whether a process has ended and only waits to be collected.
func zombie(pid int) bool {
	content, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return false
	}
	_, state, found := strings.Cut(string(content), ") ")
	return found && strings.HasPrefix(state, "Z")
}
