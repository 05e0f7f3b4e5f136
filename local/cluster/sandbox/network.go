package sandbox

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"
)

// setUpNetwork sets the network up: the loopback interface, with which all of
// 127.0.0.0/8 is there, and a route that brings every other address to it, so
// that listeners can have any address. noDrop says why the kernel still refuses packets
// to addresses at which nothing listens, instead of dropping them; nil when it drops
// them.
func setUpNetwork(own netip.Addr) (noDrop, err error) {
	if err := setUpLoopback(); err != nil {
		return nil, fmt.Errorf("bring up the loopback interface: %w", err)
	}
	if err := routeEverything(); err != nil {
		return nil, fmt.Errorf("route every address to the loopback interface: %w", err)
	}
	return dropUnanswered(own), nil
}

func setUpLoopback() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(socket) }() // nothing was written to it
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, request)
}

// routeRequest is the netlink message of "ip route add local 0.0.0.0/0 dev lo"
// (rtnetlink(7)).
type routeRequest struct {
	Header unix.NlMsghdr
	Route  unix.RtMsg
	Out    unix.RtAttr
	Index  uint32
}

// acknowledgement is the kernel's answer (netlink(7), NLMSG_ERROR).
type acknowledgement struct {
	Header unix.NlMsghdr
	Errno  int32
}

func routeEverything() error {
	loopback, err := net.InterfaceByName("lo")
	if err != nil {
		return err
	}
	socket, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(socket) }() // the answer has been read
	request := routeRequest{
		Header: unix.NlMsghdr{Type: unix.RTM_NEWROUTE, Flags: unix.NLM_F_REQUEST | unix.NLM_F_CREATE | unix.NLM_F_ACK, Seq: 1},
		Route: unix.RtMsg{
			Family: unix.AF_INET, Table: unix.RT_TABLE_LOCAL, Protocol: unix.RTPROT_BOOT, Scope: unix.RT_SCOPE_HOST, Type: unix.RTN_LOCAL,
		},
		Out:   unix.RtAttr{Len: unix.SizeofRtAttr + 4, Type: unix.RTA_OIF},
		Index: uint32(loopback.Index),
	}
	request.Header.Len = uint32(binary.Size(request))
	var packet bytes.Buffer
	if err := binary.Write(&packet, binary.NativeEndian, request); err != nil {
		return err
	}
	if err := unix.Sendto(socket, packet.Bytes(), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	return acknowledged(socket)
}

// acknowledged waits for the kernel's answer to a netlink message.
func acknowledged(socket int) error {
	received := make([]byte, maxMessage)
	n, _, err := unix.Recvfrom(socket, received, 0)
	if err != nil {
		return err
	}
	var reply acknowledgement
	if err := binary.Read(bytes.NewReader(received[:n]), binary.NativeEndian, &reply); err != nil {
		return err
	}
	if reply.Header.Type != unix.NLMSG_ERROR {
		return errors.New("the kernel's answer cannot be read")
	}
	if reply.Errno != 0 {
		return unix.Errno(-reply.Errno)
	}
	return nil
}
