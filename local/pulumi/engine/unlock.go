package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"syscall"

	"github.com/coditect-ai/license-platform/local/host/file"
)

// unlock removes locks in the state that an interrupted update left behind. The
// embedded cloud has a lock of its own, so a lock here is stale unless its
// process is still alive.
func (e *Engine) unlock() error {
	locks, err := file.Matching(e.layout.state(), path.Join(".pulumi/locks/*", Project, e.layout.stack, "*.json"))
	if err != nil {
		return fmt.Errorf("look for stale locks: %w", err)
	}
	for _, name := range locks {
		content, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("read the lock %s: %w", name, err)
		}
		var lock struct {
			Pid int `json:"pid"`
		}
		if err := json.Unmarshal(content, &lock); err == nil && lock.Pid > 0 && alive(lock.Pid) {
			return fmt.Errorf("the Pulumi CLI (process %d) still works on this stack: wait for it, or end it", lock.Pid)
		}
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove the stale lock %s: %w", name, err)
		}
	}
	return nil
}

func alive(pid int) bool {
	return syscall.Kill(pid, 0) == nil
}
