package server_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// herd is a load generator for one machine: one thread that keeps a request under way
// on each of many connections, as wrk does. Every request is whole and every answer is
// read and checked whole, but nothing of it is made anew, so that a benchmark measures
// the service rather than Go's HTTP client.
type herd struct {
	members []member
	status  string
}

// member is one connection and the request that it sends again and again.
type member struct {
	to      netip.AddrPort
	request []byte

	fd      int
	answer  []byte
	sent    int
	began   time.Time
	waiting bool
}

// herd makes one connection to the instance for each target, such as POST /v1/licenses,
// which has to be answered with the status.
func (in *instance) herd(token string, status int, targets ...string) *herd {
	host := strings.TrimPrefix(in.url, "http://")
	h := &herd{status: "HTTP/1.1 " + strconv.Itoa(status) + " "}
	for _, target := range targets {
		h.members = append(h.members, member{
			to:      netip.MustParseAddrPort(host),
			request: []byte(target + " HTTP/1.1\r\nHost: " + host + "\r\nAuthorization: Bearer " + token + "\r\nContent-Length: 0\r\n\r\n"),
		})
	}
	return h
}

// together joins herds into one of as many members.
func together(herds ...*herd) *herd {
	all := &herd{status: herds[0].status}
	for _, h := range herds {
		all.members = append(all.members, h.members...)
	}
	return all
}

// run sends for a time, on as many threads as there are cores; pace, when not 0, is the
// total of requests a second to aim at.
func (h *herd) run(b *testing.B, length time.Duration, pace float64) sample {
	b.Helper()
	threads := min(runtime.GOMAXPROCS(0), len(h.members))
	samples, failures := make([]sample, threads), make([]error, threads)
	start := time.Now()
	var group sync.WaitGroup
	for i := range threads {
		part := &herd{status: h.status, members: h.members[i*len(h.members)/threads : (i+1)*len(h.members)/threads]}
		group.Go(func() { samples[i], failures[i] = part.drive(start, length, pace/float64(threads)) })
	}
	group.Wait()
	require.NoError(b, errors.Join(failures...))
	all := sample{took: time.Since(start)}
	for _, s := range samples {
		all.each = append(all.each, s.each...)
	}
	return all
}

// drive sends from one thread.
func (h *herd) drive(start time.Time, length time.Duration, pace float64) (s sample, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	poll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return s, err
	}
	defer syscall.Close(poll)
	for i := range h.members {
		m := &h.members[i]
		if err := m.connect(); err != nil {
			return s, err
		}
		defer syscall.Close(m.fd)
		if err := syscall.EpollCtl(poll, syscall.EPOLL_CTL_ADD, m.fd, &syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(i)}); err != nil {
			return s, err
		}
	}
	events := make([]syscall.EpollEvent, len(h.members))
	for {
		wait, err := h.send(start, length, pace)
		if err != nil || wait < 0 {
			return s, err
		}
		timeout := 1000
		if pace > 0 {
			timeout = 0
			if err := awaitEvent(poll, wait); err != nil {
				return s, err
			}
		}
		n, err := syscall.EpollWait(poll, events, timeout)
		if err != nil && !errors.Is(err, syscall.EINTR) {
			return s, err
		}
		for _, event := range events[:max(n, 0)] {
			m := &h.members[event.Fd]
			whole, err := m.receive(h.status)
			if err != nil {
				return s, err
			}
			if whole {
				s.each = append(s.each, time.Since(m.began))
			}
		}
	}
}

// awaitEvent waits for an event with a clock finer than epoll's own: a whole millisecond
// would make bunches of what has to be sent at an even pace.
func awaitEvent(poll int, wait time.Duration) error {
	var set syscall.FdSet
	set.Bits[poll/64] |= 1 << (poll % 64)
	timeout := syscall.NsecToTimeval(wait.Nanoseconds())
	if _, err := syscall.Select(poll+1, &set, nil, nil, &timeout); err != nil && !errors.Is(err, syscall.EINTR) {
		return err
	}
	return nil
}

// send sends what is due, and says how long there is nothing to send; negative when
// nothing is, nor awaited, any more.
func (h *herd) send(start time.Time, length time.Duration, pace float64) (wait time.Duration, err error) {
	wait, over, pending := time.Second, time.Since(start) > length, false
	for i := range h.members {
		m := &h.members[i]
		due := time.Duration(0)
		if pace > 0 {
			due = time.Until(start.Add(time.Duration(float64(m.sent*len(h.members)+i) / pace * float64(time.Second))))
		}
		switch {
		case m.waiting:
			pending = true
		case over:
		case due > 0:
			pending, wait = true, min(wait, due)
		default:
			pending = true
			if err := m.send(); err != nil {
				return 0, err
			}
		}
	}
	if !pending {
		return -1, nil
	}
	return wait, nil
}

// connect opens a new connection. The server closes one that sends nothing at first.
func (m *member) connect() (err error) {
	m.answer, m.sent, m.waiting = make([]byte, 0, 8<<10), 0, false
	if m.fd, err = syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0); err != nil {
		return err
	}
	if err := syscall.SetsockoptInt(m.fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1); err != nil {
		return err
	}
	return syscall.Connect(m.fd, &syscall.SockaddrInet4{Addr: m.to.Addr().As4(), Port: int(m.to.Port())})
}

func (m *member) send() error {
	m.began, m.waiting, m.answer = time.Now(), true, m.answer[:0]
	m.sent++
	n, err := syscall.Write(m.fd, m.request)
	if err == nil && n != len(m.request) {
		err = fmt.Errorf("sent %d of %d bytes", n, len(m.request))
	}
	return err
}

// receive reads what has arrived and says whether the answer is whole.
func (m *member) receive(status string) (done bool, err error) {
	n, err := syscall.Read(m.fd, m.answer[len(m.answer):cap(m.answer)])
	if err != nil {
		return false, err
	}
	if n == 0 {
		return false, fmt.Errorf("the connection ended after %q", m.answer)
	}
	m.answer = m.answer[:len(m.answer)+n]
	end := bytes.Index(m.answer, []byte("\r\n\r\n"))
	if end < 0 {
		return false, nil
	}
	if !bytes.HasPrefix(m.answer, []byte(status)) {
		return false, fmt.Errorf("answer %q instead of %s", m.answer, status)
	}
	_, rest, found := bytes.Cut(m.answer[:end+2], []byte("\r\nContent-Length: "))
	text, _, _ := bytes.Cut(rest, []byte("\r\n"))
	length, err := strconv.Atoi(string(text))
	if !found || err != nil {
		return false, fmt.Errorf("no length in %q: %w", m.answer, err)
	}
	if len(m.answer) < end+4+length {
		return false, nil
	}
	m.waiting = false
	return true, nil
}
