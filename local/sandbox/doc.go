// Package sandbox runs a pod's program in a network namespace of its own, from
// which nothing outside can be reached, as a normal user (user_namespaces(7),
// network_namespaces(7)).
//
// A small part of this program, Inside, stands in the namespace like the pause
// container of a real pod: it sets the network up, starts the pod's program and
// hands out sockets. A socket belongs to the namespace in which it was made,
// whoever holds it, so the daemon itself listens and dials in there and no
// further hop is needed.
package sandbox

// Command is the hidden command that runs Inside.
const Command = "sandbox"

// controlFile is the descriptor of the socket to the daemon.
const controlFile = 3

// The words that the daemon and Inside exchange, one a message.
const (
	saysReady    = "ready"  // Inside: the network is up
	asksStream   = "stream" // daemon: a TCP socket, please
	asksAttempts = "watch"  // daemon: a socket that sees what is attempted, please
	asksDatagram = "watch-datagrams"
	asksBegin    = "begin"  // daemon: start the program
	givesSocket  = "socket" // Inside: it comes with this message
)

// maxMessage bounds a message, in bytes.
const maxMessage = 4096
