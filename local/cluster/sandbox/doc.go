// Package sandbox runs a pod's program in namespaces of its own, from which
// nothing outside can be reached, as a normal user (namespaces(7)): a network,
// processes, System V IPC, a host name, and its image as its whole file system.
//
// A small part of this program, Inside, stands in the network namespace like the
// pause container of a real pod: it sets the network up, starts the pod's program
// and hands out sockets. A socket belongs to the namespace in which it was made,
// whoever holds it, so the daemon itself listens and dials in there and no
// further hop is needed. The pod's program does not see it: that one is process 1
// of a namespace further inside.
//
// What is kept from the program beyond its namespaces is what container runtimes
// keep from it by default: capabilities, new privileges, and the system calls that
// lead to what no namespace divides (quarantine.go).
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
	asksBegin    = "begin"     // daemon: start the program
	asksIntruder = "intrude: " // daemon: do this in the program's place, please; a pipe with the answer is given
	givesSocket  = "socket"    // Inside: it comes with this message
)

// maxMessage bounds a message, in bytes.
const maxMessage = 4096
