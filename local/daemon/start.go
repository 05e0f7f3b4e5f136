package daemon

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/coditect-ai/license-platform/local/host/address"
)

// startTimeout bounds the start, in which everything is brought back.
const startTimeout = 2 * time.Minute

// handshake is what a new daemon tells the command that started it, on an
// inherited pipe.
type handshake struct {
	Record Record `json:"record"`
	Error  string `json:"error,omitempty"`
}

// handshakeFile is the number of the inherited pipe's end.
const handshakeFile = 3

// Start starts a daemon for the folder and returns when it is ready. The process
// is detached: it has a session of its own and outlives the caller. It runs from
// a copy of the caller's executable, which `go run` would take away.
func Start(ctx context.Context, dir string, plan address.Plan) (*Client, error) {
	binary, err := install(dir)
	if err != nil {
		return nil, err
	}
	if err := WriteJSON(filepath.Join(dir, "plan.json"), plan); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(dir, "logs"), 0o700); err != nil {
		return nil, fmt.Errorf("make the folder for logs: %w", err)
	}
	output, err := os.OpenFile(LogPath(dir), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the daemon's log: %w", err)
	}
	defer func() { _ = output.Close() }() // the daemon has its own descriptor
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make a pipe to the daemon: %w", err)
	}
	defer func() { _ = reader.Close() }()
	process := exec.Command(binary, "daemon", "--dir", dir)
	process.Stdout, process.Stderr, process.ExtraFiles = output, output, []*os.File{writer}
	if process.Env, err = environment(dir, os.LookupEnv); err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	process.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	process.Dir = "/"
	if err := process.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start the daemon: %w", err), writer.Close())
	}
	if err := writer.Close(); err != nil {
		return nil, fmt.Errorf("close the pipe to the daemon: %w", err)
	}
	record, err := await(ctx, reader, dir)
	if err != nil {
		_ = process.Process.Kill()
		_, _ = process.Process.Wait()
		return nil, err
	}
	if err := process.Process.Release(); err != nil {
		return nil, fmt.Errorf("let the daemon go: %w", err)
	}
	client, err := Connect(ctx, dir)
	if err != nil {
		return nil, err
	}
	client.Record = record
	return client, nil
}

// environment is what the daemon gets of the caller's, whose shell it outlives: where programs
// are, the time zone and settings of Go's runtime. It has a folder for temporary files of its
// own, which goes with everything else.
func environment(dir string, look func(string) (string, bool)) ([]string, error) {
	temporary := filepath.Join(dir, "tmp")
	if err := os.MkdirAll(temporary, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder for temporary files: %w", err)
	}
	all := []string{"TMPDIR=" + temporary}
	for _, name := range []string{"PATH", "TZ", "GODEBUG", "GOGC", "GOMAXPROCS", "GOMEMLIMIT", "GOTRACEBACK"} {
		if value, set := look(name); set {
			all = append(all, name+"="+value)
		}
	}
	return all, nil
}

// await reads the handshake.
func await(ctx context.Context, reader *os.File, dir string) (Record, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	go func() {
		<-ctx.Done()
		_ = reader.SetReadDeadline(time.Unix(1, 0)) // wakes the read up
	}()
	var told handshake
	err := json.NewDecoder(reader).Decode(&told)
	switch {
	case ctx.Err() != nil:
		return Record{}, fmt.Errorf("the daemon did not get ready: %w; see %s", ctx.Err(), LogPath(dir))
	case err != nil:
		return Record{}, fmt.Errorf("the daemon ended before it was ready: %s", lastLines(LogPath(dir)))
	case told.Error != "":
		return Record{}, errors.New(told.Error)
	default:
		return told.Record, nil
	}
}

// LogPath is where the daemon writes what happens.
func LogPath(dir string) string { return filepath.Join(dir, "logs", "daemon.log") }

func lastLines(path string) string {
	const most = 5
	content, err := os.ReadFile(path)
	if err != nil {
		return "see " + path
	}
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	return strings.Join(lines[max(0, len(lines)-most):], "\n") + "\n(" + path + ")"
}

// Inherit keeps the pipe to the command that started this process from the daemon's own
// children: it would not end as long as one of them runs.
func Inherit() { syscall.CloseOnExec(handshakeFile) }

// Ready tells the command that started this process how it went.
func Ready(record Record, failure error) error {
	pipe := os.NewFile(handshakeFile, "handshake")
	told := handshake{Record: record}
	if failure != nil {
		told.Error = failure.Error()
	}
	content, err := json.Marshal(told)
	if err != nil {
		return fmt.Errorf("tell that the daemon is ready: %w", err)
	}
	_, err = pipe.Write(content)
	return errors.Join(err, pipe.Close())
}

// install copies the running executable into the folder and returns the copy.
func install(dir string) (string, error) {
	source, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find the running program: %w", err)
	}
	target := filepath.Join(dir, "bin", "license-platform-local")
	if source == target {
		return target, nil
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		return "", fmt.Errorf("make the folder for the daemon's program: %w", err)
	}
	_ = os.Remove(target + ".new")
	if os.Link(source, target+".new") != nil { // another file system
		if err := copyFile(source, target+".new"); err != nil {
			return "", fmt.Errorf("copy the running program: %w", err)
		}
	}
	if err := os.Rename(target+".new", target); err != nil {
		return "", fmt.Errorf("put the daemon's program in place: %w", err)
	}
	return target, nil
}

func copyFile(source, target string) error {
	from, err := os.Open(source)
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }()
	to, err := os.OpenFile(target, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o700)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}

// Fingerprint identifies the running executable: a daemon of an older build is
// replaced by one of this.
func Fingerprint() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find the running program: %w", err)
	}
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("read the running program: %w", err)
	}
	defer func() { _ = file.Close() }() // only read
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", fmt.Errorf("read the running program: %w", err)
	}
	return hex.EncodeToString(hash.Sum(nil)[:8]), nil
}
