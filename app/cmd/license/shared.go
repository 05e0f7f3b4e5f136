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

// shared are files that all of a user's `license run` for the same seat lock while they run: a
// device has one seat, and only the last of them may give it back. The kernel unlocks them when a
// program dies. There is one in each of the user's folders, because not all programs of a user have the same.
type shared struct{ files []*os.File }

const (
	// pollInterval is how often a program that waits for another one tries again.
	pollInterval = 20 * time.Millisecond
	// leaving is how long one that ends may take to unlock its other files.
	leaving = 5 * pollInterval
)

// share waits until no other program is about to give the seat back, and then keeps others from
// giving it back. Where nothing can be locked the seat is not shared.
func share(ctx context.Context, s *settings, device string, env func(string) string) (*shared, error) {
	// As the client reads the address.
	server := strings.TrimRight(s.server, "/")
	name := sha256.Sum256([]byte(strings.Join([]string{server, s.connect, s.license, device}, "\x00")))
	ours := &shared{}
	for _, folder := range lockFolders(env) {
		file, err := openLock(filepath.Join(folder, hex.EncodeToString(name[:16])+".lock"))
		if err != nil {
			continue
		}
		err = again(ctx, file, lockTogether)
		switch {
		case err == nil:
			ours.files = append(ours.files, file)
		case ctx.Err() != nil:
			ours.close()
			return nil, errors.Join(err, file.Close())
		default:
			_ = file.Close()
		}
	}
	return ours, nil
}

// again locks a file as soon as no other program is in the way, until ctx ends.
func again(ctx context.Context, file *os.File, lock func(*os.File) error) error {
	for {
		err := lock(file)
		if !errors.Is(err, errLocked) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pollInterval):
		}
	}
}

// last reports whether no other program has the seat. If so, no other one gets it until close.
func (s *shared) last() bool {
	for i, file := range s.files {
		err := lockAlone(file)
		if i > 0 && errors.Is(err, errLocked) {
			// One that ended in the same moment has found the first file locked, and unlocks this one, too.
			ctx, cancel := context.WithTimeout(context.Background(), leaving)
			err = again(ctx, file, lockAlone)
			cancel()
		}
		if err != nil {
			s.close()
			return false
		}
	}
	return true
}

// close unlocks.
func (s *shared) close() {
	for _, file := range s.files {
		_ = unlock(file)
		_ = file.Close()
	}
	s.files = nil
}
