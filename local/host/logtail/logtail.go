// Package logtail reads lines of log files as they are written.
package logtail

import (
	"bytes"
	"errors"
	"io"
	"os"
	"slices"
)

const (
	// maxRead bounds what is read of a file at a time, in bytes: a file that grows
	// faster is read on the next time.
	maxRead = 1 << 20
	// maxLine bounds a line, in bytes; what is longer is cut.
	maxLine = 64 << 10
)

// Tail reads files from where they ended when they were first seen. It is not safe
// for concurrent use.
type Tail struct {
	files  map[string]*file
	begun  bool
	buffer []byte
}

// file is one that is read.
type file struct {
	open *os.File
	// rest is the beginning of a line whose end is not written yet.
	rest []byte
}

// New returns a Tail that knows no file yet.
func New() *Tail { return &Tail{files: map[string]*file{}, buffer: make([]byte, maxRead)} }

// Read tells the lines that were written since the last call, in the order of the paths,
// without their ends. Of files that are there at the first call only what is written
// afterwards is told; those that come later are told from their beginning. A rotated file
// is read to its end first. A file that cannot be read is passed over, and tried again
// the next time.
func (t *Tail) Read(paths []string, tell func(path string, line []byte)) {
	for path, known := range t.files {
		if !slices.Contains(paths, path) {
			_ = known.open.Close() // only read
			delete(t.files, path)
		}
	}
	for _, path := range paths {
		known := t.files[path]
		if known == nil {
			known = t.begin(path)
		}
		if known == nil {
			continue
		}
		known.read(t.buffer, func(line []byte) { tell(path, line) })
		if replaced(known.open, path) {
			known.read(t.buffer, func(line []byte) { tell(path, line) })
			_ = known.open.Close() // only read
			delete(t.files, path)
			if next := t.begin(path); next != nil {
				next.read(t.buffer, func(line []byte) { tell(path, line) })
			}
		}
	}
	t.begun = true
}

// Close closes the files.
func (t *Tail) Close() {
	for path, known := range t.files {
		_ = known.open.Close() // only read
		delete(t.files, path)
	}
}

func (t *Tail) begin(path string) *file {
	opened, err := os.Open(path)
	if err != nil {
		return nil
	}
	if !t.begun {
		if _, err := opened.Seek(0, io.SeekEnd); err != nil {
			_ = opened.Close() // only read
			return nil
		}
	}
	t.files[path] = &file{open: opened}
	return t.files[path]
}

// replaced says that the path leads to another file by now.
func replaced(open *os.File, path string) bool {
	before, err := open.Stat()
	if err != nil {
		return false
	}
	now, err := os.Stat(path)
	return err == nil && !os.SameFile(before, now)
}

// read tells whole lines; buffer is for what is read.
func (f *file) read(buffer []byte, tell func([]byte)) {
	n, err := io.ReadFull(f.open, buffer)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return
	}
	f.rest = append(f.rest, buffer[:n]...)
	for {
		line, rest, found := bytes.Cut(f.rest, []byte("\n"))
		if !found {
			break
		}
		tell(line[:min(len(line), maxLine)])
		f.rest = rest
	}
	f.rest = bytes.Clone(f.rest[:min(len(f.rest), maxLine)])
}
