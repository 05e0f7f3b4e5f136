// Package sandbox runs a pod's program in a network namespace of its own, from
// which nothing outside can be reached, as a normal user (user_namespaces(7),
// network_namespaces(7)).
//
// A small part of this program, Inside, stands in the namespace like the pause
// container of a real pod: it sets the network up, starts the pod's program and
// hands out sockets. A socket belongs to the namespace in which it was made,
// whoever holds it, so the daemon itself listens and dials in there and no
// further hop is needed.
//
// Every address is the namespace's own, and where nobody listens nothing answers:
// a program that dials there waits for its own timeout, as it does where a
// network drops its packets.
package sandbox

// Command is the hidden command that runs Inside.
const Command = "sandbox"

// controlFile is the descriptor of the socket to the daemon.
const controlFile = 3

// The words that the daemon and Inside exchange, one a message.
const (
	saysReady    = "ready"   // Inside: the network is up
	saysLoud     = "loud: "  // Inside: so it is, but what nobody listens for is refused, not dropped, because …
	asksStream   = "stream"  // daemon: a TCP socket, please
	asksPackets  = "packets" // daemon: a UDP socket, please
	asksAttempts = "watch"   // daemon: a socket that sees what is attempted, please
	asksDatagram = "watch-datagrams"
	asksBegin    = "begin"  // daemon: start the program
	givesSocket  = "socket" // Inside: it comes with this message
)

// maxMessage bounds a message, in bytes.
const maxMessage = 4096
