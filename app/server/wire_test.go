package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// wire sends one prepared request again and again over one connection. It costs next
// to nothing, so that a benchmark on one machine measures the service rather than
// Go's HTTP client.
type wire struct {
	host    string
	conn    net.Conn
	reader  *bufio.Reader
	request []byte
}

func (in *instance) wire(b *testing.B, path, token string) *wire {
	b.Helper()
	host := strings.TrimPrefix(in.url, "http://")
	request := "POST " + path + " HTTP/1.1\r\nHost: " + host + "\r\nAuthorization: Bearer " + token + "\r\nContent-Length: 0\r\n\r\n"
	w := &wire{host: host, request: []byte(request)}
	b.Cleanup(func() {
		if w.conn != nil {
			require.NoError(b, w.conn.Close())
		}
	})
	return w
}

// expect sends the request and reads the whole answer.
func (w *wire) expect(status int) error {
	// The server closes a connection that sends nothing at first, so it is opened
	// when it is needed.
	if w.conn == nil {
		conn, err := net.Dial("tcp", w.host)
		if err != nil {
			return err
		}
		w.conn, w.reader = conn, bufio.NewReader(conn)
	}
	if _, err := w.conn.Write(w.request); err != nil {
		return err
	}
	line, err := w.reader.ReadSlice('\n')
	if err != nil {
		return err
	}
	if want := "HTTP/1.1 " + strconv.Itoa(status); !strings.HasPrefix(string(line), want) {
		return fmt.Errorf("answer %q instead of %q", line, want)
	}
	length := 0
	for {
		line, err := w.reader.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) <= 2 {
			break
		}
		name, value, _ := strings.Cut(string(line), ":")
		if textproto.CanonicalMIMEHeaderKey(name) == "Content-Length" {
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil {
				return err
			}
		}
	}
	_, err = io.CopyN(io.Discard, w.reader, int64(length))
	return err
}
