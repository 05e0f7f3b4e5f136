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
	From, To netip.AddrPort
}

// Watch reports the attempted TCP connections and UDP packets inside, to any address,
// until stop is called, which waits for the last report.
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
				if from, to, ok := ends(packet[:n]); ok {
					report(Attempt{Protocol: protocol, From: from, To: to})
				}
			}
		}()
	}
	return stop, nil
}

// ends reads an IPv4 packet's addresses and ports; TCP and UDP have the latter in
// the same place (RFC 791, 768, 9293).
func ends(packet []byte) (from, to netip.AddrPort, ok bool) {
	const shortest = 20
	if len(packet) < shortest || packet[0]>>4 != 4 {
		return from, to, false
	}
	header := int(packet[0]&0x0f) * 4
	if header < shortest || len(packet) < header+4 {
		return from, to, false
	}
	at := func(address, port int) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(packet[address:address+4])), binary.BigEndian.Uint16(packet[port:]))
	}
	return at(12, header), at(16, header+2), true
}
