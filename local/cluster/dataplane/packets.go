package dataplane

import (
	"net"
	"net/netip"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// largestPacket bounds a UDP packet, in bytes.
const largestPacket = 64 << 10

// carry takes packets out of a sandbox, and the answers back, until it is closed. A
// denied packet gets no answer.
func (d *Dataplane) carry(a *attached, inside net.PacketConn, to netip.AddrPort) {
	packet := make([]byte, largestPacket)
	for {
		n, from, err := inside.ReadFrom(packet)
		if err != nil {
			return // closed
		}
		w := d.leaving(a.pod, to)
		w.protocol = corev1.ProtocolUDP
		if d.deny(w) != "" {
			continue
		}
		question := append([]byte(nil), packet[:n]...)
		d.work.Go(func() {
			answer, err := exchange(a.pod.IP, d.locate(to).at, question)
			if err != nil {
				d.config.Log.Info("a packet is allowed, but not answered", "from", w.from.name, "to", w.to.name, "error", err)
				return
			}
			_, _ = inside.WriteTo(answer, from) // lost packets are asked again
		})
	}
}

func exchange(from netip.Addr, to netip.AddrPort, question []byte) ([]byte, error) {
	conn, err := net.DialUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(from, 0)), net.UDPAddrFromAddrPort(to))
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }() // read
	if err := conn.SetDeadline(time.Now().Add(answerTimeout)); err != nil {
		return nil, err
	}
	if _, err := conn.Write(question); err != nil {
		return nil, err
	}
	answer := make([]byte, largestPacket)
	n, err := conn.Read(answer)
	return answer[:n], err
}
