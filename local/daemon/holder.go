package daemon

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Holder is the command that has the lock of an embedded cloud, as the lock's file tells.
type Holder struct {
	Process int       `json:"process"`
	Command string    `json:"command"`
	Since   time.Time `json:"since"`
}

// LockFile is where commands lock the embedded cloud of a folder.
func LockFile(dir string) string { return filepath.Join(dir, "lock") }

// Holds says whether the process has the file open: a process id in a file may be
// somebody else's by now. Links in the file's path are followed.
func (h Holder) Holds(file string) bool {
	wanted, err := os.Stat(file)
	if err != nil {
		return false
	}
	open, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", h.Process))
	if err != nil {
		return false
	}
	return slices.ContainsFunc(open, func(descriptor string) bool {
		found, err := os.Stat(descriptor)
		return err == nil && os.SameFile(found, wanted)
	})
}

// changing is the command that changes the cloud now, if one does. The lock itself is
// not tried: that would keep a command from it that begins in the same moment.
func changing(dir string) (h Holder, is bool) {
	content, err := os.ReadFile(LockFile(dir))
	if err != nil || json.Unmarshal(content, &h) != nil {
		return Holder{}, false
	}
	changes := func(word string) bool { return slices.Contains([]string{"up", "refresh", "drift", "down"}, word) }
	return h, slices.ContainsFunc(strings.Fields(h.Command), changes) && h.Holds(LockFile(dir))
}
