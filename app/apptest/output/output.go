// Package output collects, in tests, what programs and logs write.
package output

import (
	"bytes"
	"sync"
)

// Text is an output that may be written and read by several goroutines. Its zero value is
// empty.
type Text struct {
	mu  sync.Mutex
	all bytes.Buffer
}

// Write implements io.Writer.
func (t *Text) Write(content []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.all.Write(content)
}

// String returns all that was written.
func (t *Text) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.all.String()
}

// Reset clears the output.
func (t *Text) Reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all.Reset()
}
