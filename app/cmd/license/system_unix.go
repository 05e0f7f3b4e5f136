//go:build !windows

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
)

// passedOn are the signals that would end this program and are meant for COMMAND.
func passedOn() []os.Signal {
	return []os.Signal{syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2}
}

// sameVariable says whether two names mean the same environment variable.
func sameVariable(one, other string) bool { return one == other }

// tellToEnd asks a process to end.
func tellToEnd(process *os.Process) error { return process.Signal(syscall.SIGTERM) }

// killedBy is the signal that ended a command, 0 for none.
func killedBy(ended *exec.ExitError) int {
	if status, ok := ended.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return int(status.Signal())
	}
	return 0
}

// errLocked says that another program has the lock.
var errLocked = errors.New("another program has the lock")

// openLock opens a file of the user's own.
func openLock(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
}

// lockTogether locks a file as others do too, and lockAlone as nobody else does.
func lockTogether(file *os.File) error { return lock(file, syscall.LOCK_SH) }
func lockAlone(file *os.File) error    { return lock(file, syscall.LOCK_EX) }

// unlock unlocks a file, also for a child that is just being started and has it open, too.
func unlock(file *os.File) error { return syscall.Flock(int(file.Fd()), syscall.LOCK_UN) }

func lock(file *os.File, how int) error {
	for {
		err := syscall.Flock(int(file.Fd()), how|syscall.LOCK_NB)
		switch {
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EWOULDBLOCK):
			return errLocked
		default:
			return err
		}
	}
}

// lockFolders are the user's own folder among the temporary files, and that in the session's runtime
// folder (XDG_RUNTIME_DIR), as far as there are such ones. A job of cron and a terminal of the same user
// have only the first in common, and programs with temporary files of their own (PrivateTmp of
// systemd.exec(5)) only the second.
func lockFolders(env func(string) string) []string {
	temporary := env("TMPDIR")
	if temporary == "" {
		temporary = os.TempDir()
	}
	folders := []string{filepath.Join(temporary, fmt.Sprintf("license-%d", os.Getuid()))}
	if session := env("XDG_RUNTIME_DIR"); session != "" {
		folders = append(folders, filepath.Join(session, "license"))
	}
	return slices.DeleteFunc(folders, func(folder string) bool { return !ownFolder(folder) })
}

// ownFolder makes a folder in which nobody but the user can write, and says whether there is one.
func ownFolder(folder string) bool {
	if err := os.Mkdir(folder, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return false
	}
	info, err := os.Lstat(folder)
	if err != nil {
		return false
	}
	owner, known := info.Sys().(*syscall.Stat_t)
	return info.IsDir() && known && int(owner.Uid) == os.Getuid() && info.Mode().Perm()&0o022 == 0
}
