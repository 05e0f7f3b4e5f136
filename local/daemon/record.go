package daemon

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/coditect-ai/license-platform/local/host/address"
	"github.com/coditect-ai/license-platform/local/host/file"
)

// Record is what a running daemon writes down for the commands, in daemon.json.
type Record struct {
	PID int `json:"pid"`
	// Binary is the fingerprint of the executable that runs.
	Binary string `json:"binary"`
	// Control is the address of the control interface, Token the token that it requires.
	Control string `json:"control"`
	Token   string `json:"token"`
	// Providers are the ports of the provider servers, by name.
	Providers map[string]int `json:"providers"`
	Plan      address.Plan   `json:"plan"`
	// Page is where the page is that shows the layers and the requests.
	Page string `json:"page"`
}

// ErrNotRunning says that no daemon runs in the folder.
var ErrNotRunning = errors.New("the embedded cloud does not run here")

func recordPath(dir string) string { return filepath.Join(dir, "daemon.json") }

// read returns the record of the folder, or ErrNotRunning.
func read(dir string) (Record, error) {
	var r Record
	content, err := os.ReadFile(recordPath(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return r, ErrNotRunning
	}
	if err != nil {
		return r, fmt.Errorf("read the daemon's record: %w", err)
	}
	if err := json.Unmarshal(content, &r); err != nil {
		return r, ErrNotRunning // half written by a daemon that was killed
	}
	return r, nil
}

func (r Record) write(dir string) error {
	return WriteJSON(recordPath(dir), r)
}

// WriteJSON replaces the file at path in one step; only the owner can read it.
func WriteJSON(path string, value any) error {
	content, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", filepath.Base(path), err)
	}
	return file.Replace(path, append(content, '\n'), 0o600)
}
