package postgres

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// leftoverTimeout bounds the wait for killed sessions to be gone.
const leftoverTimeout = 5 * time.Second

// removeLeftovers removes what a killed server left behind: sessions that were too busy
// to notice, which hold its shared memory, and a lock file whose process id belongs to
// another program now, which PostgreSQL cannot tell from a running server.
func (s *Server) removeLeftovers() error {
	for deadline := time.Now().Add(leftoverTimeout); ; time.Sleep(10 * time.Millisecond) {
		left := s.leftovers()
		if len(left) == 0 {
			break
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("sessions of a killed server do not end: processes %v", left)
		}
		for _, pid := range left {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	lock := filepath.Join(s.dataDir(), "postmaster.pid")
	if err := os.Remove(lock); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove PostgreSQL's stale lock file: %w", err)
	}
	return nil
}

// leftovers are the PostgreSQL processes that work in the data directory.
func (s *Server) leftovers() []int {
	data, err := filepath.EvalSymlinks(s.dataDir())
	if err != nil {
		return nil
	}
	links, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		return nil
	}
	var left []int
	for _, link := range links {
		folder, err := os.Readlink(link)
		if err != nil || folder != data {
			continue
		}
		process := filepath.Dir(link)
		program, err := os.Readlink(filepath.Join(process, "exe"))
		if pid, number := strconv.Atoi(filepath.Base(process)); err == nil && number == nil && strings.HasPrefix(filepath.Base(program), "postgres") {
			left = append(left, pid)
		}
	}
	return left
}
