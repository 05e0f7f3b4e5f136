package process

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/coditect-ai/license-platform/local/host/file"
)

const pidSuffix = ".pid"

// writePIDFile records the process so that no other can be mistaken for it: its
// id, when it started and during which boot of the machine.
func writePIDFile(path string, pid int) error {
	identity, err := identify(pid)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it has ended and has been reaped, so there is nothing to clean up later
	}
	if err != nil {
		return err
	}
	// As a whole: a daemon that was killed in between would leave a process that nobody ends.
	if err := file.Replace(path, []byte(identity), 0o600); err != nil {
		return fmt.Errorf("write a pid file: %w", err)
	}
	return nil
}

// identify returns "PID START BOOT" of a process that exists.
func identify(pid int) (string, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", fmt.Errorf("look at process %d: %w", pid, err)
	}
	started, err := startTime(string(stat))
	if err != nil {
		return "", err
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", fmt.Errorf("read the machine's boot id: %w", err)
	}
	return fmt.Sprintf("%d %s %s", pid, started, strings.TrimSpace(string(boot))), nil
}

// startTime takes field 22 (clock ticks since boot, proc(5)) out of a stat line.
// The second field is the program's name in parentheses and may hold anything,
// so counting begins after the last closing one.
func startTime(stat string) (string, error) {
	end := strings.LastIndexByte(stat, ')')
	fields := strings.Fields(stat[end+1:])
	const afterName = 22 - 3
	if end < 0 || len(fields) <= afterName {
		return "", fmt.Errorf("the process table has a line that cannot be read: %q", stat)
	}
	return fields[afterName], nil
}

// killStale ends the processes that the pid files in dir still describe, and
// removes the files.
func killStale(dir string, log *slog.Logger) error {
	files, err := file.Matching(dir, "*"+pidSuffix)
	if err != nil {
		return fmt.Errorf("look for pid files: %w", err)
	}
	for _, name := range files {
		recorded, err := os.ReadFile(name)
		if err != nil {
			return fmt.Errorf("read a pid file: %w", err)
		}
		if pid := stalePID(string(recorded)); pid > 0 {
			log.Info("a process of an earlier run is still there and is ended", "name", strings.TrimSuffix(filepath.Base(name), pidSuffix), "pid", pid)
			if err := killAndWait(pid, string(recorded)); err != nil {
				return err
			}
		}
		if err := os.Remove(name); err != nil {
			return fmt.Errorf("remove a pid file: %w", err)
		}
	}
	return nil
}

// stalePID returns the recorded process's id if that very process still exists,
// else 0.
func stalePID(recorded string) int {
	number, _, _ := strings.Cut(recorded, " ")
	pid, err := strconv.Atoi(number)
	if err != nil || pid <= 1 {
		return 0
	}
	if identity, err := identify(pid); err != nil || identity != recorded {
		return 0
	}
	return pid
}

func killAndWait(pid int, recorded string) error {
	_ = syscall.Kill(-pid, syscall.SIGKILL)
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("end process %d of an earlier run: %w", pid, err)
	}
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if stalePID(recorded) == 0 || isZombie(pid) {
			return nil
		}
	}
	return fmt.Errorf("process %d of an earlier run does not end", pid)
}

// isZombie says that the process has ended and waits for its parent.
func isZombie(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	_, after, found := strings.Cut(string(stat), ") ")
	return found && strings.HasPrefix(after, "Z")
}
