package sameuser_test

import (
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/host/sameuser"
)

// greeting serves a word to whom it is allowed to.
func greeting(t *testing.T) (at string) {
	t.Helper()
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	listener := sameuser.Listener{Listener: plain, Log: slog.New(slog.DiscardHandler)}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte("hello"))
			_ = conn.Close()
		}
	}()
	return plain.Addr().String()
}

func TestTheOwnUserConnects(t *testing.T) {
	t.Parallel()
	conn, err := net.Dial("tcp", greeting(t))
	require.NoError(t, err)
	defer conn.Close()
	said, err := io.ReadAll(conn)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(said))
}

func TestAnotherUserIsRefused(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root can act another user out")
	}
	host, port, err := net.SplitHostPort(greeting(t))
	require.NoError(t, err)
	const nobody = 65534
	for name, script := range map[string]string{
		"while it waits for the answer": `exec 3<>/dev/tcp/$0/$1 && cat <&3`,
		"after it has hung up":          `for i in {1..50}; do exec 3<>/dev/tcp/$0/$1; echo words >&3; exec 3>&-; done`,
	} {
		command := exec.Command("/bin/bash", "-c", script, host, port)
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		command.Dir = "/"
		said, _ := command.CombinedOutput() // its end depends on how the connection ends
		assert.NotContains(t, string(said), "hello", name)
	}
}
