package sandbox

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
)

// Attempt is something that the program tries to reach.
type Attempt struct {
	// Protocol is TCP or UDP.
	Protocol string
	To       netip.AddrPort
}

// Watch tells of the TCP connections and the UDP packets that are attempted
// inside, to whatever address, until stop is called, which waits for the last
// report.
func (s *Sandbox) Watch(report func(Attempt)) (stop func(), err error) {
	var sockets []*os.File
	var ended []chan struct{}
	stop = func() {
		for _, socket := range sockets {
			_ = socket.Close()
		}
		for _, end := range ended {
			<-end
		}
	}
	for kind, protocol := range map[string]string{asksAttempts: "TCP", asksDatagram: "UDP"} {
		socket, err := s.socket(kind)
		if err != nil {
			stop()
			return nil, fmt.Errorf("watch what the sandbox's program attempts: %w", err)
		}
		end := make(chan struct{})
		sockets, ended = append(sockets, socket), append(ended, end)
		go func() {
			defer close(end)
			packet := make([]byte, maxMessage)
			for {
				n, err := socket.Read(packet)
				if err != nil {
					return // closed
				}
				if to, ok := destination(packet[:n]); ok {
					report(Attempt{Protocol: protocol, To: to})
				}
			}
		}()
	}
	return stop, nil
}

// destination reads an IPv4 packet's address and port; TCP and UDP have the
// latter in the same place (RFC 791, 768, 9293).
func destination(packet []byte) (netip.AddrPort, bool) {
	const shortest = 20
	if len(packet) < shortest || packet[0]>>4 != 4 {
		return netip.AddrPort{}, false
	}
	header := int(packet[0]&0x0f) * 4
	if header < shortest || len(packet) < header+4 {
		return netip.AddrPort{}, false
	}
	to := netip.AddrFrom4([4]byte(packet[16:20]))
	return netip.AddrPortFrom(to, binary.BigEndian.Uint16(packet[header+2:])), true
}
