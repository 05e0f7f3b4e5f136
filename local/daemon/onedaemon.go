package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const (
	// aloneTimeout is how long a daemon waits for the one before, which may just be ending.
	aloneTimeout = 10 * time.Second
	aloneTry     = 50 * time.Millisecond
)

// errNotAlone says that the folder has a daemon already.
var errNotAlone = errors.New("an embedded cloud runs in this folder already; 'make up' starts one where none runs, and replaces one that does not answer")

// alone makes this the only daemon of the folder until release is called: another one would
// end the processes of the first as left behind. The kernel releases it when the process
// ends, however that happens.
func alone(ctx context.Context, dir string) (release func() error, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the embedded cloud's folder: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(dir, "daemon.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the folder of the embedded cloud: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, aloneTimeout)
	defer cancel()
	ticker := time.NewTicker(aloneTry)
	defer ticker.Stop()
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			// A child that is just being started has the file open, too.
			return func() error { return errors.Join(syscall.Flock(int(file.Fd()), syscall.LOCK_UN), file.Close()) }, nil
		case !errors.Is(err, syscall.EWOULDBLOCK):
			return nil, errors.Join(fmt.Errorf("lock the folder of the embedded cloud: %w", err), file.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("%w (%s)", errNotAlone, dir), file.Close())
		case <-ticker.C:
		}
	}
}
