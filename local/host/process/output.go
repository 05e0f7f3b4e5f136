package process

import (
	"bufio"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/coditect-ai/license-platform/local/host/logfile"
)

const (
	// maxPiece limits how many bytes of a line are written at once.
	maxPiece = 64 << 10
	// drainTimeout is how long after its end what a process has written is still read, in
	// case that what it has left behind keeps the pipe open.
	drainTimeout = time.Second
)

// output keeps what a process writes in a log file. The process has a pipe, not the file: it
// can neither fill the disk nor change what it wrote before.
type output struct {
	// end is what the process writes to.
	end  *os.File
	read *os.File // nil when all is discarded
	done chan struct{}
}

// openOutput begins to keep what is written to its end; without a path all is discarded.
func openOutput(path string, log *slog.Logger) (*output, error) {
	if path == "" {
		end, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
		return &output{end: end}, err
	}
	file, err := logfile.Open(path)
	if err != nil {
		return nil, err
	}
	read, end, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make a pipe for a log: %w", err), file.Close())
	}
	o := &output{end: end, read: read, done: make(chan struct{})}
	go o.keep(file, log.With("file", path))
	return o, nil
}

// keep writes line by line, so that none is divided between two files, until nobody can write
// any more. Output that cannot be written is dropped, and the process continues.
func (o *output) keep(file *logfile.File, log *slog.Logger) {
	defer close(o.done)
	lines, failing := bufio.NewReaderSize(o.read, maxPiece), false
	for {
		line, err := lines.ReadSlice('\n')
		if len(line) > 0 {
			_, failed := file.Write(line)
			if failed != nil && !failing {
				log.Warn("what a process writes is dropped", "error", failed)
			}
			failing = failed != nil
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			break
		}
	}
	if err := errors.Join(file.Close(), o.read.Close()); err != nil {
		log.Debug("a log is not closed in order", "error", err)
	}
}

// started closes this end of the pipe, because the process has its own copy.
func (o *output) started() { _ = o.end.Close() }

// ended returns once all that the process has written is in the file.
func (o *output) ended() {
	if o.read == nil {
		return
	}
	_ = o.read.SetReadDeadline(time.Now().Add(drainTimeout))
	<-o.done
}
