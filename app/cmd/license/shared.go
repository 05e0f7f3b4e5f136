package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
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
	file, err := openLock(filepath.Join(folder, hex.EncodeToString(name[:16])+".lock"))
	if err != nil {
		return nil, nil //nolint:nilerr // as above
	}
	for {
		err := lockTogether(file)
		switch {
		case err == nil:
			return &shared{file}, nil
		case !errors.Is(err, errLocked):
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
	return s == nil || lockAlone(s.file) == nil
}

// close unlocks.
func (s *shared) close() {
	if s != nil {
		_ = unlock(s.file)
		_ = s.file.Close()
	}
}
