package sandbox

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// dropUnanswered keeps the kernel from answering for addresses at which nothing listens:
// it would reset a connection, or send an ICMP message, where a real network that
// denies a packet drops it. The namespace's own address and 127.0.0.1 go on as
// they are. It makes the nf_tables rules (nft(8))
//
//	chain output { type filter hook output priority 0;
//	  ip protocol tcp tcp flags & rst != 0 tcp sequence 0 ip saddr != OWN ip saddr != 127.0.0.1 drop
//	  ip protocol icmp icmp type destination-unreachable drop }
//
// A reset that answers the first packet of a connection has the sequence number
// 0 (RFC 9293, 3.10.7.1); one that ends a connection passes.
func dropUnanswered(own netip.Addr) error {
	const (
		protocol, source      = 9, 12 // in the IP header
		sequence, flags, kind = 4, 13, 0
		rst, unreachable      = 0x04, 3
	)
	address, loopback := own.As4(), [4]byte{127, 0, 0, 1}
	reset := [][]byte{
		load(unix.NFT_PAYLOAD_NETWORK_HEADER, protocol, 1), compare(unix.NFT_CMP_EQ, unix.IPPROTO_TCP),
		load(unix.NFT_PAYLOAD_TRANSPORT_HEADER, flags, 1), mask(rst), compare(unix.NFT_CMP_NEQ, 0),
		load(unix.NFT_PAYLOAD_TRANSPORT_HEADER, sequence, 4), compare(unix.NFT_CMP_EQ, 0, 0, 0, 0),
		load(unix.NFT_PAYLOAD_NETWORK_HEADER, source, 4), compare(unix.NFT_CMP_NEQ, address[:]...), compare(unix.NFT_CMP_NEQ, loopback[:]...),
		drop(),
	}
	message := [][]byte{
		load(unix.NFT_PAYLOAD_NETWORK_HEADER, protocol, 1), compare(unix.NFT_CMP_EQ, unix.IPPROTO_ICMP),
		load(unix.NFT_PAYLOAD_TRANSPORT_HEADER, kind, 1), compare(unix.NFT_CMP_EQ, unreachable),
		drop(),
	}
	table, chain := text(unix.NFTA_TABLE_NAME, "pod"), "output"
	rule := func(expressions [][]byte) []byte {
		return join(text(unix.NFTA_RULE_TABLE, "pod"), text(unix.NFTA_RULE_CHAIN, chain), attribute(unix.NFTA_RULE_EXPRESSIONS|unix.NLA_F_NESTED, expressions...))
	}
	hook := attribute(unix.NFTA_CHAIN_HOOK|unix.NLA_F_NESTED, number(unix.NFTA_HOOK_HOOKNUM, unix.NF_INET_LOCAL_OUT), number(unix.NFTA_HOOK_PRIORITY, 0))
	return transaction([]change{
		{unix.NFT_MSG_NEWTABLE, table},
		{unix.NFT_MSG_NEWCHAIN, join(text(unix.NFTA_CHAIN_TABLE, "pod"), text(unix.NFTA_CHAIN_NAME, chain), hook, text(unix.NFTA_CHAIN_TYPE, "filter"))},
		{unix.NFT_MSG_NEWRULE, rule(reset)},
		{unix.NFT_MSG_NEWRULE, rule(message)},
	})
}

// The expressions of a rule: load part of the packet into the register, change
// it, compare it, or decide.

func load(base, offset, length uint32) []byte {
	return expression("payload", number(unix.NFTA_PAYLOAD_DREG, unix.NFT_REG_1), number(unix.NFTA_PAYLOAD_BASE, base),
		number(unix.NFTA_PAYLOAD_OFFSET, offset), number(unix.NFTA_PAYLOAD_LEN, length))
}

func mask(bits byte) []byte {
	return expression("bitwise", number(unix.NFTA_BITWISE_SREG, unix.NFT_REG_1), number(unix.NFTA_BITWISE_DREG, unix.NFT_REG_1),
		number(unix.NFTA_BITWISE_LEN, 1), value(unix.NFTA_BITWISE_MASK, bits), value(unix.NFTA_BITWISE_XOR, 0))
}

func compare(operation uint32, with ...byte) []byte {
	return expression("cmp", number(unix.NFTA_CMP_SREG, unix.NFT_REG_1), number(unix.NFTA_CMP_OP, operation), value(unix.NFTA_CMP_DATA, with...))
}

func drop() []byte {
	const verdict = 0 // NF_DROP
	decided := attribute(unix.NFTA_DATA_VERDICT|unix.NLA_F_NESTED, number(unix.NFTA_VERDICT_CODE, verdict))
	return expression("immediate", number(unix.NFTA_IMMEDIATE_DREG, unix.NFT_REG_VERDICT), attribute(unix.NFTA_IMMEDIATE_DATA|unix.NLA_F_NESTED, decided))
}

func expression(name string, data ...[]byte) []byte {
	return attribute(unix.NFTA_LIST_ELEM|unix.NLA_F_NESTED, text(unix.NFTA_EXPR_NAME, name), attribute(unix.NFTA_EXPR_DATA|unix.NLA_F_NESTED, data...))
}

func value(typ uint16, raw ...byte) []byte {
	return attribute(typ|unix.NLA_F_NESTED, attribute(unix.NFTA_DATA_VALUE, raw))
}

func text(typ uint16, name string) []byte { return attribute(typ, []byte(name+"\x00")) }

func number(typ uint16, n uint32) []byte {
	return attribute(typ, binary.BigEndian.AppendUint32(nil, n))
}

// attribute is a netlink attribute, padded (netlink(7)).
func attribute(typ uint16, content ...[]byte) []byte {
	const header, alignment = 4, 4
	inner := join(content...)
	encoded := binary.NativeEndian.AppendUint16(nil, uint16(header+len(inner)))
	encoded = append(binary.NativeEndian.AppendUint16(encoded, typ), inner...)
	return append(encoded, make([]byte, -len(encoded)&(alignment-1))...)
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// change is one message of a transaction.
type change struct {
	typ        uint16
	attributes []byte
}

// transaction makes the changes, all or none.
func transaction(changes []change) error {
	socket, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER)
	if err != nil {
		return fmt.Errorf("talk to nf_tables: %w", err)
	}
	defer func() { _ = unix.Close(socket) }() // the answer has been read
	const version = 0                         // NFNETLINK_V0
	tables := []byte{unix.AF_UNSPEC, version, 0, unix.NFNL_SUBSYS_NFTABLES}
	batch := netlink(unix.NFNL_MSG_BATCH_BEGIN, 0, tables)
	for i, c := range changes {
		flags := uint16(unix.NLM_F_CREATE)
		if i == len(changes)-1 {
			flags |= unix.NLM_F_ACK // the last one answers for all, unless another fails
		}
		batch = append(batch, netlink(unix.NFNL_SUBSYS_NFTABLES<<8|c.typ, flags, []byte{unix.AF_INET, version, 0, 0}, c.attributes)...)
	}
	batch = append(batch, netlink(unix.NFNL_MSG_BATCH_END, 0, tables)...)
	if err := unix.Sendto(socket, batch, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("talk to nf_tables: %w", err)
	}
	if err := acknowledged(socket); err != nil {
		return fmt.Errorf("make the rules of nf_tables: %w", err)
	}
	return nil
}

func netlink(typ, flags uint16, content ...[]byte) []byte {
	inner := join(content...)
	encoded := binary.NativeEndian.AppendUint32(nil, uint32(unix.SizeofNlMsghdr+len(inner)))
	encoded = binary.NativeEndian.AppendUint16(encoded, typ)
	encoded = binary.NativeEndian.AppendUint16(encoded, flags|unix.NLM_F_REQUEST)
	return append(append(encoded, make([]byte, 8)...), inner...) // sequence number and port: none
}
