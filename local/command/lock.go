package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/coditect-ai/license-platform/local/daemon"
	"github.com/coditect-ai/license-platform/local/host/process"
)

// busy says that another command works on the same embedded cloud.
type busy struct{ daemon.Holder }

func (b busy) Error() string {
	lasted := max(0, time.Since(b.Since)) // the clock may have been set back meanwhile
	return fmt.Sprintf("another command works on this embedded cloud since %s (%s): '%s', process %d. Wait for it, or end it: by Ctrl-C where it runs, or by 'kill -INT %d'",
		b.Since.Local().Format(time.TimeOnly), lasted.Round(time.Second), b.Command, b.Process, b.Process)
}

// lock keeps two commands from changing the same embedded cloud at once; busy tells who
// has it. The kernel releases it when the process ends, however that happens. The lock
// file stays in the folder until `down` removes it.
func lock(dir string) (release func(), err error) {
	if err := claim(dir); err != nil {
		return nil, err
	}
	path := daemon.LockFile(dir)
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the embedded cloud: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		who, readErr := os.ReadFile(path)
		closed := file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) && readErr == nil {
			b := busy{daemon.Holder{Command: "it has just begun", Since: time.Now()}}
			_ = json.Unmarshal(who, &b.Holder) // one that has just begun has not said yet
			return nil, b
		}
		return nil, fmt.Errorf("lock the embedded cloud: %w", errors.Join(err, readErr, closed))
	}
	who, err := json.Marshal(holder())
	if err == nil {
		err = errors.Join(file.Truncate(0), write(file, who))
	}
	if err != nil {
		return nil, fmt.Errorf("lock the embedded cloud: %w", errors.Join(err, file.Close()))
	}
	return func() {
		// A child that is just being started has the file open, too, so that closing it alone could keep the lock.
		_ = syscall.Flock(int(file.Fd()), syscall.LOCK_UN)
		_ = file.Close()
	}, nil
}

// claim makes the folder, or makes sure that it is the embedded cloud's own, and for its user only:
// 'down' removes all that is in it.
func claim(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read the embedded cloud's folder: %w", err)
	}
	if !ours(dir, entries) {
		return fmt.Errorf("%s has other files in it and is not an embedded cloud's folder: name a new or an empty one with --dir", dir)
	}
	if err = os.MkdirAll(dir, 0o700); err == nil {
		err = os.Chmod(dir, 0o700)
	}
	if err != nil {
		return fmt.Errorf("make the embedded cloud's folder for this user only: %w; --dir names another", err)
	}
	return nil
}

// ours says whether a folder with these entries is empty, has a plan or has been locked before.
func ours(dir string, entries []os.DirEntry) bool {
	lockFile := daemon.LockFile(dir)
	if len(entries) == 0 || len(entries) == 1 && entries[0].Name() == filepath.Base(lockFile) {
		return true
	}
	if _, known := readPlan(dir); known {
		return true
	}
	content, err := os.ReadFile(lockFile)
	var by daemon.Holder
	return err == nil && json.Unmarshal(content, &by) == nil && by.Command != ""
}

// holder is this command.
func holder() daemon.Holder {
	return daemon.Holder{Process: os.Getpid(), Command: strings.Join(append([]string{self()}, os.Args[1:]...), " "), Since: time.Now()}
}

func write(file *os.File, content []byte) error {
	_, err := file.WriteAt(append(content, '\n'), 0)
	return err
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

// takeOver is locked for what cannot wait: a command that has the lock is asked to
// end, as by Ctrl-C, and killed when it does not.
func (a *app) takeOver(ctx context.Context) (dir string, release func(), err error) {
	if dir, err = a.folder(); err != nil {
		return "", nil, err
	}
	release, err = lock(dir)
	var other busy
	if !errors.As(err, &other) {
		return dir, release, err
	}
	a.out.say("%s takes over from '%s' (process %d), which is ended", self(), other.Command, other.Process)
	for _, end := range []func(){
		func() { _ = syscall.Kill(other.Process, syscall.SIGINT) }, // it may have ended already
		func() { process.KillTree(other.Process) },
	} {
		if !other.Holds(daemon.LockFile(dir)) {
			return "", nil, fmt.Errorf("take over: %w", err) // the record names another process, which is not ended
		}
		end()
		if release, err = lockWithin(ctx, dir, killProgramsAfter+time.Second); !errors.As(err, &other) {
			return dir, release, err
		}
	}
	return "", nil, fmt.Errorf("take over: it could not be ended: %w", err)
}

// lockWithin tries for a while.
func lockWithin(ctx context.Context, dir string, limit time.Duration) (release func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		release, err = lock(dir)
		if other := (busy{}); !errors.As(err, &other) {
			return release, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-ticker.C:
		}
	}
}
