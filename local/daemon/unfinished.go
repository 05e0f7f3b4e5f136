package daemon

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/coditect-ai/license-platform/local/host/file"
)

// unfinishedFile names the command that began to change the stack and did not finish: it
// failed, was interrupted or was killed.
func unfinishedFile(dir string) string { return filepath.Join(dir, "unfinished.json") }

// BeginChange notes that a command begins to change the stack. The returned function is called
// when it has finished; whole says that it also finished what earlier commands had begun.
func BeginChange(dir string, by Holder, whole bool) (end func() error, err error) {
	earlier, err := os.ReadFile(unfinishedFile(dir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the unfinished operations: %w", err)
	}
	if len(earlier) == 0 {
		if err := file.ReplaceJSON(unfinishedFile(dir), "change that begins", by); err != nil {
			return nil, err
		}
	}
	return func() error {
		if len(earlier) > 0 && !whole {
			return nil
		}
		return remove(unfinishedFile(dir))
	}, nil
}

// unfinished names the change that did not finish, or returns nothing. It is asked while no
// command changes the stack.
func unfinished(dir string) string {
	content, err := os.ReadFile(unfinishedFile(dir))
	var by Holder
	if err != nil || json.Unmarshal(content, &by) != nil {
		return ""
	}
	return fmt.Sprintf("'%s' of %s failed or was interrupted, so not everything is as declared: it, or another update, has to come to its end", by.Command, by.Since.Local().Format(time.DateTime))
}
