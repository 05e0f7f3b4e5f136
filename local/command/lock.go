package command

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// lock keeps two commands from changing the same embedded cloud at once. The
// kernel releases it when the process ends, however that happens. The lock file
// stays beside the folder's content until `down` removes it.
func lock(dir string) (release func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the embedded cloud's folder: %w", err)
	}
	path := filepath.Join(dir, "lock")
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the embedded cloud: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		who, readErr := os.ReadFile(path)
		closed := file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) && readErr == nil {
			return nil, fmt.Errorf("another command works on this embedded cloud (%s): wait for it, or end it", strings.TrimSpace(string(who)))
		}
		return nil, fmt.Errorf("lock the embedded cloud: %w", errors.Join(err, readErr, closed))
	}
	if err := file.Truncate(0); err != nil {
		return nil, fmt.Errorf("lock the embedded cloud: %w", err)
	}
	if _, err := fmt.Fprintf(file, "process %d: %s\n", os.Getpid(), strings.Join(os.Args[1:], " ")); err != nil {
		return nil, fmt.Errorf("lock the embedded cloud: %w", err)
	}
	return func() { _ = file.Close() }, nil
}

// locked returns the embedded cloud's folder, which no other command may use
// until release is called.
func (a *app) locked() (dir string, release func(), err error) {
	if dir, err = a.folder(); err != nil {
		return "", nil, err
	}
	release, err = lock(dir)
	return dir, release, err
}
