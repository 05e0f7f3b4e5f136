package cloud

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Local is the stack in the embedded cloud on this machine.
type Local struct {
	run       Runner
	dir, root string
}

var _ Cloud = (*Local)(nil)

// NewLocal looks at the embedded cloud in the folder dir, which belongs to the
// project in the folder root.
func NewLocal(run Runner, dir, root string) (*Local, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find the embedded cloud: %w", err)
	}
	l := &Local{run: run, dir: dir, root: root}
	if _, err := os.Stat(l.program()); err != nil {
		return nil, fmt.Errorf("no embedded cloud is up in %s: %w; 'make up' brings one up", dir, err)
	}
	return l, nil
}

// program is the one that the embedded cloud itself runs from.
func (l *Local) program() string { return filepath.Join(l.dir, "bin", "license-platform-local") }

// Evidence copies the logs, whole: they are small, and begin with the cloud.
func (l *Local) Evidence(time.Time) []Action {
	logs := filepath.Join(l.dir, "logs")
	// Other databases of the project are not the stack's to look into.
	database := "*"
	if known, err := l.endpoints(); err == nil && known.Database != "" {
		database = known.Database
	}
	return []Action{
		copied("pod-logs", "what every pod wrote", "pod-logs.txt", filepath.Join(logs, "pods", "*.log")),
		copied("events", "what the embedded cloud did", "events.txt", filepath.Join(logs, "daemon.log")),
		copied("load-balancer", "every request, with Cloud Armor's decision", "load-balancer.jsonl", filepath.Join(logs, "requests.jsonl")),
		copied("audit-trail", "connections and statements that the database and the cache logged", "audit-trail.txt",
			filepath.Join(logs, "postgres-"+database+".log"), filepath.Join(logs, "redis-*.log")),
		inOrder(l.run, Action{
			Name: "objects", Does: "what runs, and where", File: "objects.txt", Timeout: time.Minute,
		}, l.local("status")),
	}
}

// endpoints are where the stack is.
type endpoints struct {
	Edge     string            `json:"edge"`
	CA       string            `json:"ca"`
	Hosts    map[string]string `json:"hosts"`
	Database string            `json:"database"`
}

func (l *Local) endpoints() (at endpoints, err error) {
	content, err := os.ReadFile(filepath.Join(l.dir, "endpoints.json"))
	if err == nil {
		err = json.Unmarshal(content, &at)
	}
	if err != nil {
		return at, fmt.Errorf("find out where the stack is: %w", err)
	}
	return at, nil
}

// Backup dumps the whole instance, as a backup of Cloud SQL holds it; without
// the passwords of its users.
func (l *Local) Backup(string) Action {
	a := Action{Name: "backup", Does: "a dump of the database instance", File: "backup.sql", Timeout: 5 * time.Minute}
	dump, err := l.dump()
	if err != nil {
		a.Do = func(context.Context, io.Writer) error { return err }
		return a
	}
	return inOrder(l.run, a, dump)
}

// dump finds the stack's running instance, one of several in the project. It tells
// in postmaster.pid where it listens: line 4 is its port, line 5 its socket's folder, as
// seen from its data. Said so, the folder's path is never longer than a socket's may be.
// https://www.postgresql.org/docs/15/storage-file-layout.html
func (l *Local) dump() (Command, error) {
	known, err := l.endpoints()
	if err != nil {
		return Command{}, err
	}
	data := filepath.Join(l.dir, "postgres", known.Database, "data")
	content, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return Command{}, fmt.Errorf("the database instance %q does not run: %w", known.Database, err)
	}
	lines := strings.Split(string(content), "\n")
	if len(lines) < 5 {
		return Command{}, fmt.Errorf("find the database: %s does not say where it listens", data)
	}
	version, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if err != nil {
		return Command{}, fmt.Errorf("find the database's version: %w", err)
	}
	return Command{
		Name: filepath.Join("/usr/lib/postgresql", strings.TrimSpace(string(version)), "bin", "pg_dumpall"),
		Dir:  data,
		Args: []string{"--host=/proc/self/cwd/" + strings.TrimSpace(lines[4]), "--port=" + strings.TrimSpace(lines[3]), "--username=cloudsqladmin", "--no-password", "--no-role-passwords"},
		// Its name is also that of postgres.PasswordFile, in local.
		Env: []string{"PGPASSFILE=" + filepath.Join(filepath.Dir(data), "administrator.pgpass")},
	}, nil
}

// Lockdown runs an update with the stack's own setting. Another command that works
// on the embedded cloud is ended, so that the lockdown does not wait for it, and there is
// no preview, as on Google.
func (l *Local) Lockdown() Action {
	return inOrder(l.run, Action{
		Name: "lockdown", Does: "refuse the license host at the edge, suspend sign-in, stop signing; the IDE goes on", File: "lockdown.txt", Timeout: 5 * time.Minute,
	}, l.local("up", "--take-over", "--config", "platform.lockdown=true", "--skip-preview"))
}

// Verify asks at the load balancer.
func (l *Local) Verify() Action {
	at, err := l.endpoints()
	return verifyLockdown(30*time.Second, at.Hosts["licenses"], func() (*http.Client, error) {
		if err != nil {
			return nil, err
		}
		authority, err := os.ReadFile(at.CA)
		if err != nil {
			return nil, fmt.Errorf("read the certificate authority: %w", err)
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(authority)
		return &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, network, strings.TrimPrefix(at.Edge, "https://"))
			},
		}}, nil
	})
}

// Undo is an update with the committed settings.
func (l *Local) Undo() []Command { return []Command{l.local("up")} }

func (l *Local) local(args ...string) Command {
	return Command{Name: l.program(), Args: append(args, "--dir", l.dir), Dir: l.root}
}

// copied makes an action that copies files into one, each under its name.
func copied(name, does, file string, patterns ...string) Action {
	return Action{
		Name: name, Does: does + " (" + strings.Join(patterns, ", ") + ")", File: file, Timeout: time.Minute,
		Do: func(ctx context.Context, out io.Writer) error {
			var sources []string
			for _, pattern := range patterns {
				found, err := filepath.Glob(pattern)
				if err != nil {
					return fmt.Errorf("look for %s: %w", pattern, err)
				}
				sources = append(sources, found...)
			}
			if len(sources) == 0 {
				return fmt.Errorf("there is nothing to keep: no file matches %s", strings.Join(patterns, " or "))
			}
			slices.Sort(sources)
			for _, source := range sources {
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := appendFile(out, source, len(sources) > 1); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func appendFile(out io.Writer, source string, titled bool) error {
	file, err := os.Open(source)
	if err != nil {
		return fmt.Errorf("open a log: %w", err)
	}
	defer func() { _ = file.Close() }() // only read
	if titled {
		if _, err := fmt.Fprintf(out, "==> %s\n", filepath.Base(source)); err != nil {
			return err
		}
	}
	if _, err := io.Copy(out, file); err != nil {
		return fmt.Errorf("copy %s: %w", source, err)
	}
	return nil
}
