package attack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/coditect-ai/license-platform/local/report/layer"
)

// maxRefusal is how much of an answer is read, in bytes.
const maxRefusal = 4096

// impersonations are what other processes of the machine try with a pod's address.
func impersonations() []Attack {
	return []Attack{{"from a process of the machine to the API's token, with an API pod's address", layer.Identity, "metadata server", impersonate}}
}

// impersonate asks the metadata server for the API's token as any process of the
// machine can: from the address of an API pod, which every user may take, as it is one of
// loopback. A second embedded cloud and its pods are such processes, too.
func impersonate(ctx context.Context, t *Target) (finding Finding, err error) {
	if t.Inside == nil {
		return Finding{}, errors.New("pods have no network of their own: any process with a pod's address is taken for the pod")
	}
	dialer := net.Dialer{Timeout: answerTimeout, LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(t.API.IP, 0))}
	conn, err := dialer.DialContext(ctx, "tcp", t.Metadata.String())
	if err != nil {
		return Finding{}, fmt.Errorf("connect to the metadata server: %w", err)
	}
	defer func() { _ = conn.Close() }() // the answer was read
	if err := conn.SetDeadline(time.Now().Add(answerTimeout)); err != nil {
		return Finding{}, fmt.Errorf("talk to the metadata server: %w", err)
	}
	if _, err := io.WriteString(conn, identity(own, program)(t)); err != nil {
		return Finding{}, fmt.Errorf("talk to the metadata server: %w", err)
	}
	answer, err := io.ReadAll(io.LimitReader(conn, maxRefusal))
	if err != nil || len(answer) == 0 {
		return Finding{}, fmt.Errorf("read the metadata server's answer: %w", err)
	}
	return refusedBy(string(answer)), nil
}
