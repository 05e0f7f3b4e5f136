package dns

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// Server answers queries. It is safe for concurrent use.
type Server struct {
	zones func() []Zone
}

// New returns a server for the zones, which are asked for with every query.
func New(zones func() []Zone) *Server { return &Server{zones: zones} }

// Sizes of messages, in bytes (RFC 1035, 2.3.4 and 4.2.2).
const (
	mostByPacket = 512
	mostByStream = 65535
)

// idleTimeout is how long a client of a connection may say nothing.
const idleTimeout = 10 * time.Second

// Answer returns the message that answers the query, nil when the message is not a query.
func (s *Server) Answer(query []byte) []byte {
	var parser dnsmessage.Parser
	asked, err := parser.Start(query)
	if err != nil || asked.Response {
		return nil
	}
	reply := dnsmessage.Message{Header: dnsmessage.Header{
		ID: asked.ID, Response: true, OpCode: asked.OpCode, RecursionDesired: asked.RecursionDesired, RecursionAvailable: true,
	}}
	question, err := parser.Question()
	_, more := parser.Question()
	switch {
	case err != nil || !errors.Is(more, dnsmessage.ErrSectionDone):
		reply.RCode = dnsmessage.RCodeFormatError
	case asked.OpCode != 0:
		reply.RCode = dnsmessage.RCodeNotImplemented
	case question.Class != dnsmessage.ClassINET:
		reply.RCode = dnsmessage.RCodeRefused
	default:
		reply.Answers, reply.RCode = resolve(s.zones(), strings.ToLower(question.Name.String()), question.Type)
	}
	if err == nil {
		reply.Questions = []dnsmessage.Question{question}
	}
	packed, err := reply.Pack()
	if err != nil {
		return nil // a name that cannot be packed could not be asked for
	}
	return packed
}

// fitting is an answer that fits in a packet; a longer one says that it has to be
// asked for by a connection.
func fitting(answer []byte) []byte {
	if len(answer) <= mostByPacket {
		return answer
	}
	var whole dnsmessage.Message
	if err := whole.Unpack(answer); err != nil {
		return nil
	}
	whole.Truncated, whole.Answers = true, nil
	short, err := whole.Pack()
	if err != nil {
		return nil
	}
	return short
}

// Serve answers packets and connections at the address until ctx ends. ready is
// called once both are taken.
func (s *Server) Serve(ctx context.Context, at netip.AddrPort, ready func()) error {
	packets, err := net.ListenPacket("udp", at.String())
	if err != nil {
		return fmt.Errorf("open the resolver: %w", err)
	}
	streams, err := net.Listen("tcp", at.String())
	if err != nil {
		return errors.Join(fmt.Errorf("open the resolver: %w", err), packets.Close())
	}
	stop := context.AfterFunc(ctx, func() {
		_ = packets.Close()
		_ = streams.Close()
	})
	defer stop()
	var work sync.WaitGroup
	work.Go(func() { s.takePackets(packets) })
	work.Go(func() { s.takeStreams(ctx, streams, &work) })
	ready()
	work.Wait()
	return nil
}

func (s *Server) takePackets(packets net.PacketConn) {
	query := make([]byte, mostByStream)
	for {
		n, from, err := packets.ReadFrom(query)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // somebody did not wait for an answer
		}
		if answer := s.Answer(query[:n]); answer != nil {
			_, _ = packets.WriteTo(fitting(answer), from) // a lost answer is asked for again
		}
	}
}

func (s *Server) takeStreams(ctx context.Context, streams net.Listener, work *sync.WaitGroup) {
	for {
		conn, err := streams.Accept()
		if err != nil {
			return // closed
		}
		work.Go(func() {
			stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
			defer stop()
			defer func() { _ = conn.Close() }()
			for s.takeOne(conn) == nil { // until the client has no more questions
			}
		})
	}
}

// takeOne answers one query of a connection, which has its length in front.
func (s *Server) takeOne(conn net.Conn) error {
	if err := conn.SetDeadline(time.Now().Add(idleTimeout)); err != nil {
		return err
	}
	var length [2]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return err
	}
	query := make([]byte, binary.BigEndian.Uint16(length[:]))
	if _, err := io.ReadFull(conn, query); err != nil {
		return err
	}
	answer := s.Answer(query)
	if answer == nil {
		return errors.New("this message is not a query")
	}
	_, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...))
	return err
}
