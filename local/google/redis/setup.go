package redis

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/coditect-ai/license-platform/emulator/memorystore"
	"github.com/coditect-ai/license-platform/local/host/certificate"
)

var errNotInstalled = errors.New("redis-server is not on this machine: install the package 'redis-server' (apt-get install -y redis-server)")

// Installed returns nil when redis-server is on this machine, else one sentence
// that says which package brings it.
func Installed() error {
	_, err := find()
	return err
}

func find() (string, error) {
	for _, folder := range []string{"/usr/bin", "/usr/local/bin", "/usr/sbin", "/opt/redis/bin"} {
		program := filepath.Join(folder, "redis-server")
		if info, err := os.Stat(program); err == nil && info.Mode().IsRegular() {
			return program, nil
		}
	}
	return "", errNotInstalled
}

// configure writes the files that the server reads at its start. The password
// is in one of them, never on a command line.
func (s *Server) configure() error {
	chain, key, err := certificate.Encode(s.config.Certificate)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.config.Dir, 0o700); err != nil {
		return fmt.Errorf("make the folder of a Redis instance: %w", err)
	}
	for name, content := range map[string]string{"server.crt": string(chain), "server.key": string(key), "redis.conf": s.settings()} {
		if err := os.WriteFile(filepath.Join(s.config.Dir, name), []byte(content), 0o600); err != nil {
			return fmt.Errorf("configure a Redis instance: %w", err)
		}
	}
	return nil
}

// settings renders redis.conf: TLS on the only port, no client certificates,
// and snapshots, of which the last is made when the server is asked to end.
func (s *Server) settings() string {
	var text strings.Builder
	line := func(name string, values ...string) {
		text.WriteString(name)
		for _, value := range values {
			text.WriteString(" " + quote(value))
		}
		text.WriteString("\n")
	}
	line("bind", s.config.Address.Addr().String())
	line("port", "0")
	line("tls-port", strconv.Itoa(int(s.config.Address.Port())))
	line("tls-cert-file", filepath.Join(s.config.Dir, "server.crt"))
	line("tls-key-file", filepath.Join(s.config.Dir, "server.key"))
	line("tls-auth-clients", "no")
	line("tls-protocols", "TLSv1.2 TLSv1.3")
	line("protected-mode", "no") // it would refuse clients of an instance without AUTH
	line("dir", s.config.Dir)
	line("dbfilename", "dump.rdb")
	line("save", "3600", "1", "60", "1")
	line("appendonly", "no")
	if s.config.Password != "" {
		line("requirepass", s.config.Password)
	}
	all := memorystore.Effective(s.config.Configs, s.config.MemoryMiB)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		line(name, all[name])
	}
	return text.String()
}

// quote renders a value as redis.conf reads it (sdssplitargs): in double
// quotes, everything unusual as \xHH.
func quote(value string) string {
	var text strings.Builder
	text.WriteByte('"')
	for i := range len(value) {
		if b := value[i]; b < ' ' || b > '~' || b == '"' || b == '\\' {
			fmt.Fprintf(&text, `\x%02x`, b)
		} else {
			text.WriteByte(b)
		}
	}
	text.WriteByte('"')
	return text.String()
}
