package response

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// journalFile holds one JSON object a line: the header, then entries as they
// come. Nothing in it is ever changed.
const journalFile = "journal.jsonl"

// header is the journal's first line.
type header struct {
	Stack  string    `json:"stack"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
	Since  time.Time `json:"since"`
}

// state is what became of a step.
type state string

const (
	started state = "started"
	done    state = "done"
	failed  state = "failed"
)

// entry is one line about one step.
type entry struct {
	Step     string    `json:"step"`
	State    state     `json:"state"`
	At       time.Time `json:"at"`
	Began    time.Time `json:"began,omitzero"`
	Does     string    `json:"does,omitempty"`
	Commands []string  `json:"commands,omitempty"`
	File     kept      `json:"file,omitzero"`
	Error    string    `json:"error,omitempty"`
}

// kept is a file of evidence.
type kept struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// journal is the record of a response, on disk and in memory.
type journal struct {
	header  header
	entries []entry
	last    map[string]entry // of each step, without those that only began
	file    *os.File
}

// readJournal reads the journal in dir; without one it is empty. A last line
// that was cut short by a crash is left out: what it told is done again.
func readJournal(dir string) (*journal, error) {
	j := &journal{last: map[string]entry{}}
	content, err := os.ReadFile(filepath.Join(dir, journalFile))
	if errors.Is(err, fs.ErrNotExist) {
		return j, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the incident's journal: %w", err)
	}
	if end := bytes.LastIndexByte(content, '\n'); end < len(content)-1 {
		content = content[:end+1]
	}
	lines := bufio.NewScanner(bytes.NewReader(content))
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		if err := j.take(n, lines.Bytes()); err != nil {
			return nil, fmt.Errorf("the incident's journal %s is damaged in line %d: %w", filepath.Join(dir, journalFile), n, err)
		}
	}
	return j, lines.Err()
}

func (j *journal) take(n int, line []byte) error {
	if n == 1 {
		return json.Unmarshal(line, &j.header)
	}
	var e entry
	if err := json.Unmarshal(line, &e); err != nil {
		return err
	}
	j.remember(e)
	return nil
}

func (j *journal) remember(e entry) {
	j.entries = append(j.entries, e)
	if e.State != started {
		j.last[e.Step] = e
	}
}

// done returns the entry of a step that was done.
func (j *journal) done(name string) (entry, bool) {
	e, ok := j.last[name]
	return e, ok && e.State == done
}

// outdated tells whether the last page said that the license API may still be open, and
// the lockdown was verified since: then another page is due.
func (j *journal) outdated(last entry) bool {
	shut, ok := j.done(verifyStep)
	return last.Step == pageStep && ok && shut.At.After(last.At)
}

// add writes the entry to the disk before it counts.
func (j *journal) add(e entry) error {
	if err := j.write(e); err != nil {
		return err
	}
	j.remember(e)
	return nil
}

func (j *journal) write(line any) error {
	content, err := json.Marshal(line)
	if err == nil {
		_, err = j.file.Write(append(content, '\n'))
	}
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		return fmt.Errorf("write to the incident's journal: %w", err)
	}
	return nil
}
