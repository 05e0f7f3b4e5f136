// Package logfile writes log files whose size is bounded.
package logfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// MaxBytes bounds a file: one that would become larger is set aside first, and replaces the
// one that was set aside before.
const MaxBytes = 16 << 20

// File is a log file that only its owner can read. It is safe for concurrent use.
type File struct {
	path string

	mu     sync.Mutex
	open   *os.File // nil once closed, and while it cannot be opened
	closed bool
	size   int64
}

// Rotated is where the full file at path is moved.
func Rotated(path string) string { return path + ".1" }

// Open opens the file at path for appending, and creates its folder if needed.
func Open(path string) (*File, error) {
	f := &File{path: path}
	return f, f.reopen()
}

func (f *File) reopen() error {
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return fmt.Errorf("make the folder of a log: %w", err)
	}
	opened, err := os.OpenFile(f.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open a log: %w", err)
	}
	info, err := opened.Stat()
	if err != nil {
		return errors.Join(fmt.Errorf("read the size of a log: %w", err), opened.Close())
	}
	f.open, f.size = opened, info.Size()
	return nil
}

// Write appends the text. A file that could not be opened is tried again with each text.
func (f *File) Write(text []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return 0, fmt.Errorf("write %s: %w", f.path, os.ErrClosed)
	}
	if f.open == nil {
		if err := f.reopen(); err != nil {
			return 0, err
		}
	}
	if f.size > 0 && f.size+int64(len(text)) > MaxBytes {
		if err := f.setAside(); err != nil {
			return 0, err
		}
	}
	n, err := f.open.Write(text)
	f.size += int64(n)
	return n, err
}

func (f *File) setAside() error {
	err := f.open.Close()
	f.open = nil
	if renamed := os.Rename(f.path, Rotated(f.path)); renamed != nil && !errors.Is(renamed, fs.ErrNotExist) {
		err = errors.Join(err, renamed)
	}
	if err != nil {
		return fmt.Errorf("set a log aside: %w", err)
	}
	return f.reopen()
}

// Close closes the file; closing it again does nothing.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	if f.open == nil {
		return nil
	}
	err := f.open.Close()
	f.open = nil
	return err
}
