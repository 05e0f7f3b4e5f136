package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
)

// wire is one connection that sends one request after the other. It is for benchmarks: Go's
// HTTP client takes half a millisecond of the processor for a request, as much as the API.
type wire struct {
	host, token string
	conn        net.Conn
	reader      *bufio.Reader
	request     []byte
}

// wires makes connections to an address such as http://127.0.0.1:8080, one for each worker.
func wires(b *testing.B, url, token string, workers int) []*wire {
	b.Helper()
	all := make([]*wire, workers)
	for i := range all {
		host := strings.TrimPrefix(url, "http://")
		conn, err := net.DialTimeout("tcp", host, time.Second)
		require.NoError(b, err)
		b.Cleanup(func() { _ = conn.Close() })
		all[i] = &wire{host: host, token: token, conn: conn, reader: bufio.NewReader(conn)}
	}
	return all
}

// send sends a request and reads its answer, which has to have the status.
func (w *wire) send(status int, method, path, body string) ([]byte, error) {
	if err := w.conn.SetDeadline(time.Now().Add(await.Limit)); err != nil {
		return nil, err
	}
	w.request = fmt.Appendf(w.request[:0], "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n", method, path, w.host, len(body))
	if w.token != "" {
		w.request = fmt.Appendf(w.request, "Authorization: Bearer %s\r\n", w.token)
	}
	if body != "" {
		w.request = append(w.request, "Content-Type: application/json\r\n"...)
	}
	w.request = append(append(w.request, "\r\n"...), body...)
	if _, err := w.conn.Write(w.request); err != nil {
		return nil, err
	}
	response, err := http.ReadResponse(w.reader, nil)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != status {
		err = fmt.Errorf("%s %s: status %d instead of %d: %s", method, path, response.StatusCode, status, content)
	}
	return content, err
}

// cycle takes a seat, keeps it once and gives it back.
func (w *wire) cycle(device string) error {
	content, err := w.send(201, "POST", "/v1/licenses/big/acquire", `{"fingerprint":"`+device+`"}`)
	if err != nil {
		return err
	}
	_, rest, _ := strings.Cut(string(content), `"leaseId":"`)
	lease, _, found := strings.Cut(rest, `"`)
	if !found {
		return fmt.Errorf("acquire answered %s", content)
	}
	if _, err := w.send(200, "POST", "/v1/leases/"+lease+"/heartbeat", ""); err != nil {
		return err
	}
	_, err = w.send(204, "POST", "/v1/leases/"+lease+"/release", "")
	return err
}
