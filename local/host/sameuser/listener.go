// Package sameuser keeps other users of this machine away from what listens on its
// loopback addresses.
package sameuser

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// connections is where the kernel lists the TCP connections over IPv4 (proc_net_tcp in
// https://docs.kernel.org/networking/proc_net_tcp.html).
const connections = "/proc/net/tcp"

// established is the state of a connection whose both ends are open. In every other one the
// kernel may have forgotten whose it was, and names root.
const established = "01"

// Listener accepts the connections of this process's user and of root, and closes all
// others before it reads a byte.
type Listener struct {
	net.Listener
	// Log logs every connection that is closed.
	Log *slog.Logger
}

// Accept implements net.Listener.
func (l Listener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		user, err := userOf(conn)
		if err == nil && (user == os.Getuid() || user == 0) {
			return conn, nil
		}
		l.Log.Warn("a connection of another user is refused", "at", l.Addr(), "user", user, "error", err)
		_ = conn.Close() // nothing was read
	}
}

// userOf is the user of this machine who has opened a connection to here.
func userOf(conn net.Conn) (int, error) {
	client, ours := conn.RemoteAddr().(*net.TCPAddr), conn.LocalAddr().(*net.TCPAddr)
	file, err := os.Open(connections)
	if err != nil {
		return unknown, fmt.Errorf("find out whose a connection is: %w", err)
	}
	defer file.Close()
	return find(file, client.AddrPort(), ours.AddrPort())
}

// unknown is the id of no user.
const unknown = -1

var errUnknown = errors.New("the kernel does not say whose the connection is")

// find looks the client's end of a connection up in the kernel's list.
func find(list io.Reader, client, ours netip.AddrPort) (int, error) {
	const address, peer, state, user = 1, 2, 3, 7 // the columns
	from, to := shown(client), shown(ours)
	lines := bufio.NewScanner(list)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) > user && fields[address] == from && fields[peer] == to && fields[state] == established {
			return strconv.Atoi(fields[user])
		}
	}
	return unknown, errors.Join(errUnknown, lines.Err())
}

// shown is an address as the kernel's list has it.
func shown(at netip.AddrPort) string {
	bytes := at.Addr().Unmap().As4()
	return fmt.Sprintf("%08X:%04X", binary.NativeEndian.Uint32(bytes[:]), at.Port())
}
