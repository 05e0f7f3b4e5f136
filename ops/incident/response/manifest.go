package response

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"
)

const (
	manifestFile = "manifest.json"
	// checksumFile is read by `sha256sum --check`.
	checksumFile = "SHA256SUMS"
)

// manifest tells what each file is, where it comes from, and how to see that
// it has not changed.
type manifest struct {
	header
	Written time.Time      `json:"written"`
	Files   []manifestFact `json:"files"`
}

type manifestFact struct {
	kept
	Step     string    `json:"step"`
	Does     string    `json:"does"`
	Commands []string  `json:"commands,omitempty"`
	Began    time.Time `json:"began"`
	Ended    time.Time `json:"ended"`
	// Complete is false for the files of a failed step.
	Complete bool `json:"complete"`
}

func (f *folder) writeManifest(now time.Time) error {
	m := manifest{header: f.journal.header, Written: now, Files: []manifestFact{}}
	var sums strings.Builder
	commands, seen := map[string][]string{}, map[string]bool{}
	for _, e := range f.journal.entries {
		if e.State == started {
			commands[e.Step] = e.Commands
		}
	}
	for _, e := range f.journal.entries {
		last, over := f.journal.last[e.Step]
		if !over || last.File.Name == "" || seen[e.Step] {
			continue
		}
		seen[e.Step] = true
		m.Files = append(m.Files, manifestFact{
			kept: last.File, Step: last.Step, Does: last.Does, Commands: commands[last.Step], Began: last.Began, Ended: last.At, Complete: last.State == done,
		})
		fmt.Fprintf(&sums, "%s  %s\n", last.File.SHA256, last.File.Name)
	}
	content, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the manifest: %w", err)
	}
	if err := os.WriteFile(f.at(manifestFile), append(content, '\n'), 0o600); err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	sum, err := f.manifestSum()
	if err != nil {
		return err
	}
	fmt.Fprintf(&sums, "%s  %s\n", sum, manifestFile)
	if err := os.WriteFile(f.at(checksumFile), []byte(sums.String()), 0o600); err != nil {
		return fmt.Errorf("write the checksums: %w", err)
	}
	return nil
}

// manifestSum covers all the evidence: whoever has it can check later whether any file
// was changed.
func (f *folder) manifestSum() (string, error) { return checksum(f.at(manifestFile)) }
