package response

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// folder is the incident's: evidence, journal, manifest, timeline. Only its
// owner may read it.
type folder struct {
	dir     string
	journal *journal
}

// openFolder makes the folder, or opens one that exists, and keeps every other
// response out of it.
func openFolder(dir string, fresh header) (*folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the incident's folder: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(dir, journalFile), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the incident's journal: %w", err)
	}
	f, err := take(dir, file, fresh)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return f, nil
}

func take(dir string, file *os.File, fresh header) (*folder, error) {
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, fmt.Errorf("another response works in %s: wait for it, or end it: %w", dir, err)
	}
	j, err := readJournal(dir)
	if err != nil {
		return nil, err
	}
	j.file = file
	if err := truncateLastLine(file); err != nil {
		return nil, err
	}
	if j.header.Stack == "" {
		j.header = fresh
		if err := j.write(fresh); err != nil {
			return nil, err
		}
	}
	return &folder{dir: dir, journal: j}, nil
}

// truncateLastLine takes away a last line that a crash cut short.
func truncateLastLine(file *os.File) error {
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("read the incident's journal: %w", err)
	}
	last := make([]byte, 1)
	for end := size; end >= 0; end-- {
		if end > 0 {
			if _, err := file.ReadAt(last, end-1); err != nil {
				return fmt.Errorf("read the incident's journal: %w", err)
			}
		}
		if end == 0 || last[0] == '\n' {
			if end == size {
				return nil
			}
			return file.Truncate(end)
		}
	}
	return nil
}

// close unlocks the folder. A child that is just being started has the file open, too, so that closing
// it alone could keep others out for a moment.
func (f *folder) close() error {
	return errors.Join(syscall.Flock(int(f.journal.file.Fd()), syscall.LOCK_UN), f.journal.file.Close())
}

func (f *folder) at(name string) string { return filepath.Join(f.dir, name) }

// keep writes what fill writes into a file of the folder. The files of an earlier failed
// try are deleted; the files of a try that fails now are kept, because incomplete
// evidence is better than no evidence.
func (f *folder) keep(name string, fill func(io.Writer) error) (kept, error) {
	if name == "" {
		return kept{}, fill(io.Discard)
	}
	file, err := os.OpenFile(f.at(name), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return kept{}, fmt.Errorf("make a file of evidence: %w", err)
	}
	sum, size := sha256.New(), &counter{}
	err = fill(io.MultiWriter(file, sum, size))
	if err == nil {
		err = file.Sync()
	}
	return kept{Name: name, Bytes: size.bytes, SHA256: hex.EncodeToString(sum.Sum(nil))}, errors.Join(err, file.Close())
}

type counter struct{ bytes int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.bytes += int64(len(p))
	return len(p), nil
}

// verify makes sure that no file of a finished step changed since.
func (f *folder) verify() error {
	var wrong []error
	for _, e := range f.journal.last {
		if e.State != done || e.File.Name == "" {
			continue
		}
		if sum, err := checksum(f.at(e.File.Name)); err != nil || sum != e.File.SHA256 {
			wrong = append(wrong, errors.Join(fmt.Errorf("%s was changed after step %s wrote it at %s", f.at(e.File.Name), e.Step, stamp(e.At)), err))
		}
	}
	return errors.Join(wrong...)
}

// checksum is the SHA-256 of a file, in hexadecimal digits.
func checksum(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("read a file of evidence: %w", err)
	}
	defer func() { _ = file.Close() }() // only read
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", fmt.Errorf("read a file of evidence: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
