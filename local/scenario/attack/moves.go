package attack

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/coditect-ai/license-platform/local/cluster/metadata"
	"github.com/coditect-ai/license-platform/local/report/layer"
)

// move is an attempt from within a pod.
type move struct {
	from  func(*Target) netip.Addr
	to    func(*Target) netip.AddrPort
	words func(*Target) string
	// evaluate tells what an answer means; nil when any connection is a breach.
	evaluate func(answer string) Finding
}

// The pods that somebody has got into.

func fromAPI(t *Target) netip.Addr    { return t.API.IP }
func fromIDE(t *Target) netip.Addr    { return t.IDE.IP }
func fromStranger(*Target) netip.Addr { return netip.Addr{} }

// Where they move to.

func toAPI(t *Target) netip.AddrPort        { return netip.AddrPortFrom(t.API.IP, t.API.HTTP) }
func toAPIMetrics(t *Target) netip.AddrPort { return netip.AddrPortFrom(t.API.IP, t.API.Metrics) }
func toIDE(t *Target) netip.AddrPort        { return netip.AddrPortFrom(t.IDE.IP, t.IDE.HTTP) }
func toControl(t *Target) netip.AddrPort    { return t.Control }
func toMetadata(*Target) netip.AddrPort     { return metadata.Address() }

func toAddress(text string) func(*Target) netip.AddrPort {
	return func(*Target) netip.AddrPort { return netip.MustParseAddrPort(text) }
}

// toRedis is Redis itself, or another port of its address.
func toRedis(port uint16) func(*Target) netip.AddrPort {
	return func(t *Target) netip.AddrPort {
		at, err := netip.ParseAddrPort(t.Redis)
		if err != nil || port == 0 {
			return at
		}
		return netip.AddrPortFrom(at.Addr(), port)
	}
}

// try makes the move. For a connection that the policies allow, the answer decides the
// result; a connection that they deny must not get any answer.
func (m move) try(ctx context.Context, t *Target) (Finding, error) {
	if t.Inside == nil {
		return Finding{}, errors.New("no attack from within a pod is possible: pods have no network of their own")
	}
	words := ""
	if m.words != nil {
		words = m.words(t)
	}
	got, err := t.Inside(ctx, m.from(t), m.to(t), words)
	switch {
	case err != nil:
		return Finding{}, fmt.Errorf("dial %s from within a pod: %w", m.to(t), err)
	case !got.Connected && got.Denied != "":
		return Finding{Layer: layer.Workload, Rule: "NetworkPolicy", Why: got.Denied, Status: "timeout"}, nil
	case !got.Connected:
		return Finding{}, fmt.Errorf("dial %s from within a pod: there is no evidence of the result", m.to(t))
	case m.evaluate != nil && got.Denied == "":
		return m.evaluate(string(got.Answer)), nil
	default:
		return Finding{Rule: "connected", Why: got.Denied, Status: "connected"}, nil
	}
}

// as names the move, and what has to stop it.
func (m move) as(name string, by int, rule string) Attack {
	return Attack{Name: name, Layer: by, Rule: rule, Try: m.try}
}

// identity is a path of the metadata server, asked for with these headers.
func identity(path func(*Target) string, headers ...string) func(*Target) string {
	return func(t *Target) string {
		lines := append([]string{"GET /computeMetadata/v1/instance/service-accounts/" + path(t) + " HTTP/1.0"}, headers...)
		return strings.Join(lines, "\r\n") + "\r\n\r\n"
	}
}

func own(*Target) string       { return "default/token" }
func theAPIs(t *Target) string { return t.Account + "/token" }

// program is the header that a program sets, and nobody who was tricked can.
const program = "Metadata-Flavor: Google"

// refusedBy evaluates the metadata server's answer.
func refusedBy(answer string) Finding {
	line, rest, _ := strings.Cut(answer, "\r\n")
	_, status, _ := strings.Cut(line, " ")
	_, why, _ := strings.Cut(rest, "\r\n\r\n")
	if strings.HasPrefix(status, "403") || strings.HasPrefix(status, "404") {
		return Finding{Layer: layer.Identity, Rule: "metadata server", Why: strings.TrimSpace(why), Status: status}
	}
	return Finding{Rule: "a token was given", Status: status}
}

// plainText evaluates what Redis says to a client without TLS.
func plainText(answer string) Finding {
	if answer == "" {
		return Finding{Layer: layer.Data, Rule: "TLS only", Why: "Redis hung up on plain text", Status: "closed"}
	}
	return Finding{Rule: answer, Status: "answered"}
}

// Moves are what an intruder who is in a pod tries next on the network; they need
// Target.Inside.
func Moves() []Attack {
	const policy = "NetworkPolicy"
	return []Attack{
		move{from: fromIDE, to: toAPI}.as("from an IDE pod around the load balancer", layer.Workload, policy),
		move{from: fromIDE, to: toAPIMetrics}.as("from an IDE pod to the API's metrics", layer.Workload, policy),
		move{from: fromStranger, to: toAPI}.as("from another namespace around the load balancer", layer.Workload, policy),
		move{from: fromStranger, to: toAPIMetrics}.as("from another namespace to the API's metrics", layer.Workload, policy),
		move{from: fromAPI, to: toIDE}.as("from an API pod to the IDE", layer.Workload, policy),
		move{from: fromAPI, to: toAddress("93.184.216.34:443")}.as("from an API pod to the internet", layer.Workload, policy),
		move{from: fromAPI, to: toAddress("8.8.8.8:53")}.as("from an API pod to a resolver on the internet", layer.Workload, policy),
		move{from: fromAPI, to: toControl}.as("from an API pod to the control plane", layer.Workload, policy),
		move{from: fromAPI, to: toRedis(6379)}.as("from an API pod to another port beside Redis", layer.Workload, policy),
		move{from: fromIDE, to: toRedis(0), words: func(*Target) string { return "PING\r\n" }, evaluate: plainText}.
			as("from an IDE pod to the API's Redis", layer.Data, "TLS only"),
		move{from: fromAPI, to: toMetadata, words: identity(own), evaluate: refusedBy}.
			as("from an API pod to its token, tricked (no header)", layer.Identity, "metadata server"),
		move{from: fromAPI, to: toMetadata, words: identity(own, program, "X-Forwarded-For: 203.0.113.9"), evaluate: refusedBy}.
			as("from an API pod to its token, by a proxy", layer.Identity, "metadata server"),
		move{from: fromIDE, to: toMetadata, words: identity(theAPIs, program), evaluate: refusedBy}.
			as("from an IDE pod to the API's token", layer.Identity, "metadata server"),
	}
}
