// Package sandbox runs a pod's program in namespaces of its own, from which
// nothing outside can be reached, as a normal user (namespaces(7)): a network,
// processes, System V IPC, a host name, and its image as its whole file system.
//
// A small part of this program, Inside, runs in the network namespace like the pause
// container of a real pod: it sets the network up, starts the pod's program and
// passes sockets to the daemon. A socket belongs to the namespace in which it was
// created, whichever process holds it, so the daemon itself listens and dials in the
// namespace and needs no proxy. The pod's program does not see Inside: the program is
// process 1 of a nested process namespace.
//
// Besides the namespaces, the program gets the restrictions that container runtimes
// set by default: no capabilities, no new privileges, and no system calls that reach
// resources which no namespace separates (seccomp.go).
//
// Every address belongs to the namespace. An address at which nothing listens does not
// answer: a program that dials it waits for its own timeout, as it does where a network
// drops its packets.
package sandbox

// Command is the hidden command that runs Inside.
const Command = "sandbox"

// controlFile is the descriptor of the socket to the daemon.
const controlFile = 3

// The words that the daemon and Inside exchange, one a message.
const (
	saysReady    = "ready"     // Inside: the network is up
	saysNoDrop   = "no drop: " // Inside: the network is up, but packets to unused addresses are refused, not dropped, because …
	asksStream   = "stream"    // daemon: a TCP socket, please
	asksPackets  = "packets"   // daemon: a UDP socket, please
	asksAttempts = "watch"     // daemon: a socket that sees every attempted TCP connection, please
	asksDatagram = "watch-datagrams"
	asksBegin    = "begin"     // daemon: start the program
	asksIntruder = "intrude: " // daemon: do this in the program's place, please; a pipe with the answer is given
	givesSocket  = "socket"    // Inside: it comes with this message
)

// maxMessage bounds a message, in bytes.
const maxMessage = 4096
