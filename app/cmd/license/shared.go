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

// share waits until no other program is about to give the seat back, and then keeps others from
// giving it back. Where nothing can be locked it returns nil: the seat is not shared.
func share(ctx context.Context, s *settings, device string, env func(string) string) (*shared, error) {
	folder, err := lockFolder(env)
	if err != nil {
		return nil, nil //nolint:nilerr // without such a folder a seat is not shared
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

// last reports whether no other program has the seat. If so, no other one gets it until close.
func (s *shared) last() bool {
	return s == nil || syscall.Flock(int(s.file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}

// close unlocks.
func (s *shared) close() {
	if s != nil {
		_ = s.file.Close()
	}
}

// lockFolder is a folder in the session's runtime folder (XDG_RUNTIME_DIR). Without a session, as
// in a container, it is the user's own one among the temporary files.
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
