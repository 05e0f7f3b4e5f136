package kms

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/coditect-ai/license-platform/local/host/file"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	// spareBits is the size of the key pairs that are made in advance.
	spareBits = 4096
	// spareCount is how many are kept: one to create, one to rotate to.
	spareCount = 2
)

// spares makes RSA key pairs before they are asked for and keeps them on disk.
type spares struct {
	dir      string
	log      *slog.Logger
	requests chan chan<- spare
	ended    <-chan struct{}
	cancel   context.CancelFunc
	work     sync.WaitGroup
}

// spare is a key pair in PKCS#8, or why there is none.
type spare struct {
	pair []byte
	err  error
}

func startSpares(dir string, log *slog.Logger) *spares {
	ctx, cancel := context.WithCancel(context.Background())
	s := &spares{dir: dir, log: log, requests: make(chan chan<- spare), ended: ctx.Done(), cancel: cancel}
	// Each worker holds one spare, so that two are made in parallel.
	for slot := range spareCount {
		s.work.Go(func() { s.offer(filepath.Join(dir, fmt.Sprintf("%d.key", slot))) })
	}
	return s
}

func (s *spares) stop() {
	s.cancel()
	s.work.Wait()
}

// offer keeps one spare, on disk while nobody wants it. The file is deleted before the
// key pair is used: a key pair must never be used twice.
func (s *spares) offer(file string) {
	for {
		next := s.prepare(file)
		select {
		case <-s.ended:
			return
		case reply := <-s.requests:
			if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
				next = spare{err: fmt.Errorf("take a spare key: %w", err)}
			}
			reply <- next
		}
	}
}

func (s *spares) prepare(path string) spare {
	if pair, err := os.ReadFile(path); err == nil {
		return spare{pair: pair}
	}
	pair, err := generate(spareBits)
	if err != nil {
		return spare{err: err}
	}
	if err := file.Replace(path, pair, 0o600); err != nil {
		s.log.Warn("a spare key pair is kept in memory only", "error", err)
	}
	return spare{pair: pair}
}

// take returns a key pair that nobody else gets.
func (s *spares) take(ctx context.Context) ([]byte, error) {
	reply := make(chan spare, 1)
	select {
	case s.requests <- reply:
		taken := <-reply
		return taken.pair, taken.err
	case <-s.ended:
		return nil, status.Error(codes.Unavailable, "the local KMS is closed")
	case <-ctx.Done():
		return nil, status.FromContextError(ctx.Err()).Err()
	}
}
