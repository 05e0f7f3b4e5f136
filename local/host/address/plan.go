// Package address decides which loopback addresses the embedded cloud uses. All
// but the edge lie in one /16 below 127.0.0.0/8. So every service and every pod has
// an address of its own, and the port that it has on Google Cloud. Each clone of the
// project has another /16, so that two run side by side.
package address

import (
	"errors"
	"fmt"
	"hash/fnv"
	"net"
	"net/netip"
	"strconv"
	"time"
)

// Limits of the second byte of the block. The lowest ones are left to others on
// the machine (127.0.0.1, and 127.0.1.1 that Debian gives to the host's name).
const (
	FirstBlock = 16
	LastBlock  = 250
)

// Plan is where everything listens.
type Plan struct {
	// Block is the second byte of the loopback /16, FirstBlock to LastBlock.
	Block int `json:"block"`
	// EdgePort is the port of the load balancer on 127.0.0.1.
	EdgePort int `json:"edgePort"`
}

func (p Plan) host(third, fourth byte) netip.Addr {
	return netip.AddrFrom4([4]byte{127, byte(p.Block), third, fourth})
}

// Edge is where the load balancer listens.
func (p Plan) Edge() netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(p.EdgePort))
}

// KMS is where the key management service listens.
func (p Plan) KMS() netip.AddrPort { return netip.AddrPortFrom(p.host(8, 10), 8443) }

// ControlPlane is the address of a cluster's API server. Nothing listens there: the
// emulator's Kubernetes provider replaces it.
func (p Plan) ControlPlane() netip.Addr { return p.KMS().Addr().Prev() }

// SecretManager is where the secret manager listens.
func (p Plan) SecretManager() netip.AddrPort { return netip.AddrPortFrom(p.host(8, 11), 8443) }

// Identity is where the Identity Platform's public keys are served.
func (p Plan) Identity() netip.AddrPort { return netip.AddrPortFrom(p.host(8, 12), 8443) }

// Registry is where the artifact registry listens.
func (p Plan) Registry() netip.AddrPort { return netip.AddrPortFrom(p.host(8, 13), 5000) }

// Metadata is where the GKE metadata server listens; pods reach it at
// 169.254.169.254.
func (p Plan) Metadata() netip.AddrPort { return netip.AddrPortFrom(p.host(8, 14), 8080) }

// Names is where the cluster's resolver listens; pods reach it at the address of
// the Service kube-dns.
func (p Plan) Names() netip.AddrPort { return netip.AddrPortFrom(p.host(8, 15), 5353) }

// Monitoring is the address of the embedded Cloud Monitoring's servers, which have
// the ports that they have everywhere.
func (p Plan) Monitoring() netip.Addr { return p.host(8, 16) }

// SQLAdmin is where the Cloud SQL Admin API listens.
func (p Plan) SQLAdmin() netip.AddrPort { return netip.AddrPortFrom(p.host(8, 17), 8443) }

// Services lists the addresses that one certificate each is made for.
func (p Plan) Services() []netip.AddrPort {
	return []netip.AddrPort{p.KMS(), p.SecretManager(), p.Identity(), p.Registry(), p.SQLAdmin()}
}

// PrivateServices is the range for private services access: Cloud SQL and Memorystore get
// their addresses from it.
func (p Plan) PrivateServices() netip.Prefix { return netip.PrefixFrom(p.host(16, 0), 20) }

// TheirPrivateServices is the range that the Cloud IDE has peered with Google's managed
// services, with the address of its database.
func (p Plan) TheirPrivateServices() netip.Prefix { return netip.PrefixFrom(p.host(32, 0), 20) }

// Pods is the range that pods get their addresses from.
func (p Plan) Pods() netip.Prefix { return netip.PrefixFrom(p.host(64, 0), 18) }

// Validate says what is wrong with the plan.
func (p Plan) Validate() error {
	if p.Block < FirstBlock || p.Block > LastBlock {
		return fmt.Errorf("loopback block %d: must be between %d and %d", p.Block, FirstBlock, LastBlock)
	}
	if p.EdgePort < 1 || p.EdgePort > 65535 {
		return fmt.Errorf("edge port %d: must be between 1 and 65535", p.EdgePort)
	}
	return nil
}

// ChooseBlock finds a block in which all services can listen. It starts at one
// that follows from seed (the folder of the embedded cloud), so that the same
// clone mostly gets the same block again.
func ChooseBlock(seed string) (int, error) {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(seed)) // a hash never fails to take bytes
	count := LastBlock - FirstBlock + 1
	start := int(hash.Sum32() % uint32(count))
	for i := range count {
		plan := Plan{Block: FirstBlock + (start+i)%count}
		if free(plan) {
			return plan.Block, nil
		}
	}
	return 0, errors.New("no loopback block is free: every 127.16.0.0/16 to 127.250.0.0/16 has something listening")
}

func free(p Plan) bool {
	for _, service := range p.Services() {
		listener, err := net.Listen("tcp", service.String())
		if err != nil {
			return false
		}
		if err := listener.Close(); err != nil {
			return false
		}
	}
	return true
}

// CheckEdge says whether the load balancer can have its port.
func CheckEdge(p Plan) error {
	listener, err := net.Listen("tcp", p.Edge().String())
	if err != nil {
		return fmt.Errorf("port %d on 127.0.0.1 is taken (%w): choose another with --edge-port or EDGE_PORT, for example --edge-port %s",
			p.EdgePort, err, strconv.Itoa(p.EdgePort+1000))
	}
	return listener.Close()
}

// loopbackTimeout is how long a connection of this machine to itself may take.
const loopbackTimeout = 2 * time.Second

// CheckLoopback says whether this machine reaches itself: a container may have its loopback
// interface down, and everything here listens on its addresses.
func CheckLoopback() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		defer func() { _ = listener.Close() }()
		var conn net.Conn
		if conn, err = net.DialTimeout("tcp", listener.Addr().String(), loopbackTimeout); err == nil {
			return conn.Close()
		}
	}
	return fmt.Errorf("this machine does not reach its own address 127.0.0.1 (%w): bring up the loopback interface, as root by 'ip link set lo up'", err)
}
