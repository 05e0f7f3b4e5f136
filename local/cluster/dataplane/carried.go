package dataplane

import (
	"net"
	"net/netip"
)

// carried is a connection on this machine that was opened for a pod, with the pod's
// address.
type carried struct {
	*net.TCPConn
	forget func()
}

// Close implements net.Conn.
func (c carried) Close() error {
	c.forget()
	return c.TCPConn.Close()
}

// note keeps where a pod's connection comes from, until it is closed.
func (d *Dataplane) note(conn net.Conn) net.Conn {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return conn
	}
	local, ok := tcp.LocalAddr().(*net.TCPAddr)
	if !ok {
		return conn
	}
	from := local.AddrPort()
	d.carries.Store(from, struct{}{})
	return carried{tcp, func() { d.carries.Delete(from) }}
}

// Carries says that a connection from here was opened for a pod by the dataplane.
// Every process of the machine can take a pod's address; a service that trusts the
// address asks this. Where pods have no network of their own they open their
// connections themselves, and all are taken for theirs.
func (d *Dataplane) Carries(from netip.AddrPort) bool {
	if d.refused != nil {
		return true
	}
	_, known := d.carries.Load(from)
	return known
}
