package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// shared is a file that all of a user's `license run` for the same seat lock while they run: a
// device has one seat, and only the last of them may give it back. The kernel unlocks it when a
// program dies.
type shared struct{ file *os.File }

// pollInterval is how often a program that waits for another one's release tries again.
const pollInterval = 20 * time.Millisecond

// share waits until no other program is about to give the seat back, and keeps it from that. On
// a machine where nothing can be locked it returns nil, which is nobody to share with.
func share(ctx context.Context, s *settings, device string, env func(string) string) (*shared, error) {
	folder, err := lockFolder(env)
	if err != nil {
		return nil, nil //nolint:nilerr // a machine without such a folder has one program for a seat, or none that can tell
	}
	name := sha256.Sum256([]byte(strings.Join([]string{s.server, s.connect, s.license, device}, "\x00")))
	file, err := os.OpenFile(filepath.Join(folder, hex.EncodeToString(name[:16])+".lock"), os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, nil //nolint:nilerr // as above
	}
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
		switch {
		case err == nil:
			return &shared{file}, nil
		case !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR):
			return nil, file.Close()
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), file.Close())
		case <-time.After(pollInterval):
		}
	}
}

// last says whether no other program has the seat. Then none gets it until close.
func (s *shared) last() bool {
	return s == nil || syscall.Flock(int(s.file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}

// close unlocks.
func (s *shared) close() {
	if s != nil {
		_ = s.file.Close()
	}
}

// lockFolder is the user's folder for what lives as long as a session, and one of the user's own
// among the temporary files where there is none, as in a container.
func lockFolder(env func(string) string) (string, error) {
	folder := filepath.Join(os.TempDir(), fmt.Sprintf("license-%d", os.Getuid()))
	if session := env("XDG_RUNTIME_DIR"); session != "" {
		folder = filepath.Join(session, "license")
	}
	if err := os.Mkdir(folder, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	info, err := os.Lstat(folder)
	if err != nil {
		return "", err
	}
	owner, known := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || !known || int(owner.Uid) != os.Getuid() || info.Mode().Perm()&0o022 != 0 {
		return "", fmt.Errorf("%s is not this user's own folder", folder)
	}
	return folder, nil
}
