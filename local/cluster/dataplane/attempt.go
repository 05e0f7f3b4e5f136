package dataplane

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/coditect-ai/license-platform/local/cluster/sandbox"
)

// attempted evaluates a connection attempt to an address without a listener: it is dropped,
// and the journal gets the reason. A connection that an egressListener accepts is evaluated
// there.
func (d *Dataplane) attempted(a *attached, attempt sandbox.Attempt) {
	if attempt.To.Addr() == a.pod.IP || attempt.To.Addr() == netip.AddrFrom4([4]byte{127, 0, 0, 1}) {
		return // the pod talks to itself, or the daemon to the pod
	}
	a.mu.Lock()
	offered, answering := a.offered[attempt.To], a.offered[attempt.From]
	taken := offered != nil && (attempt.Protocol == string(corev1.ProtocolTCP) && !offered.shut || attempt.Protocol == string(corev1.ProtocolUDP) && offered.packets != nil)
	answer := attempt.Protocol == string(corev1.ProtocolUDP) && answering != nil && answering.packets != nil
	a.mu.Unlock()
	if taken || answer {
		return
	}
	w := d.leaving(a.pod, attempt.To)
	w.protocol = corev1.Protocol(attempt.Protocol)
	if d.deny(w) == "" {
		d.config.Log.Info("a pod may reach an address that the embedded cloud does not have", "pod", a.pod.Name, "protocol", attempt.Protocol, "to", attempt.To.String())
	}
}

// How long an attempt waits: for what has to be dropped, for an answer, on a machine that may
// be busy, and for the rest of one that has begun.
const (
	dropTimeout   = 250 * time.Millisecond
	answerTimeout = 10 * time.Second
	restTimeout   = time.Second
	maxAnswer     = 4096 // bytes
)

// Octets are what is said on a connection. As text they are base64, since no text
// holds every octet.
type Octets string

// MarshalText implements encoding.TextMarshaler.
func (o Octets) MarshalText() ([]byte, error) {
	return base64.StdEncoding.AppendEncode(nil, []byte(o)), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (o *Octets) UnmarshalText(text []byte) error {
	said, err := base64.StdEncoding.DecodeString(string(text))
	*o = Octets(said)
	return err
}

// Outcome is what came of an attempt.
type Outcome struct {
	// Denied says why the policies deny it; it is empty when they do not. A denied
	// attempt that is connected all the same got around them.
	Denied string `json:"denied,omitempty"`
	// Connected says that the connection was opened.
	Connected bool `json:"connected,omitempty"`
	// Answer is what was received on it, at most 4 KiB.
	Answer Octets `json:"answer,omitempty"`
}

// Intrude makes a move as if it were the program of the pod at the address.
func (d *Dataplane) Intrude(ctx context.Context, pod netip.Addr, move sandbox.Move) (sandbox.Result, error) {
	a := d.at(pod)
	if a == nil {
		return sandbox.Result{}, fmt.Errorf("no pod with a sandbox of its own has the address %s", pod)
	}
	return a.sandbox.Intrude(ctx, move)
}

// Attempt does what an intruder in the pod would: it dials the address from
// within the pod's network, says the words and listens. An error says that
// the result is not known: the pod has no network of its own, or nothing listens there.
func (d *Dataplane) Attempt(ctx context.Context, pod netip.Addr, to netip.AddrPort, words Octets) (Outcome, error) {
	a := d.at(pod)
	if a == nil {
		return Outcome{}, fmt.Errorf("no pod with a network of its own has the address %s", pod)
	}
	d.offer(a) // Run may not have looked since the last change
	w := d.leaving(a.pod, to)
	d.trials.begin(w)
	why, _ := d.evaluate(w)
	a.mu.Lock()
	nobody := a.offered[to] == nil
	a.mu.Unlock()
	timeout := answerTimeout
	if why != "" || nobody {
		timeout = dropTimeout
	}
	dialling, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	conn, err := a.sandbox.Dial(dialling, to)
	switch {
	case err != nil && why != "" && ctx.Err() == nil:
		return Outcome{Denied: why}, nil
	case err != nil:
		return Outcome{}, fmt.Errorf("the policies allow it, but there is no answer: %w", err)
	}
	defer func() { _ = conn.Close() }() // what it said was read
	answer, err := converse(conn, words)
	return Outcome{Denied: why, Connected: true, Answer: answer}, err
}

// converse sends the text and returns the answer; a missing answer is not an error.
func converse(conn net.Conn, words Octets) (Octets, error) {
	if words == "" {
		return "", nil
	}
	if err := conn.SetDeadline(time.Now().Add(answerTimeout)); err != nil {
		return "", fmt.Errorf("talk: %w", err)
	}
	if _, err := io.WriteString(conn, string(words)); err != nil {
		return "", nil // it was hung up
	}
	var answer []byte
	for part := make([]byte, maxAnswer); len(answer) < maxAnswer; {
		n, err := conn.Read(part)
		if answer = append(answer, part[:n]...); errors.Is(err, os.ErrDeadlineExceeded) && len(answer) == 0 {
			return "", fmt.Errorf("no answer: %w", err)
		}
		if err == nil { // who keeps the connection open has said it all soon
			err = conn.SetReadDeadline(time.Now().Add(restTimeout))
		}
		if err != nil {
			break
		}
	}
	return Octets(answer), nil
}
