package loadbalancer

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"net/http"
	"net/http/httputil"
	"strconv"
	"strings"
)

// rewrite makes the request for the backend. The headers follow
// https://cloud.google.com/load-balancing/docs/https/request-distribution#headers:
// X-Forwarded-For ends with the client and the load balancer, whatever the client sent
// before it.
func rewrite(p *httputil.ProxyRequest) {
	x := exchangeOf(p.Out)
	p.Out.URL.Scheme, p.Out.URL.Host = "http", x.backend.Name
	p.Out.URL.RawQuery = p.In.URL.RawQuery // the load balancer changes nothing in it
	p.Out.Host = p.In.Host
	for _, kept := range []string{"Forwarded", "X-Forwarded-Host"} {
		if values := p.In.Header.Values(kept); len(values) > 0 {
			p.Out.Header[kept] = values
		}
	}
	chain := append(p.In.Header.Values("X-Forwarded-For"), x.client.IP.String(), x.snapshot.address.String())
	p.Out.Header.Set("X-Forwarded-For", strings.Join(chain, ","))
	p.Out.Header.Set("X-Forwarded-Proto", scheme(p.In))
	p.Out.Header.Add("Via", "1.1 google")
	p.Out.Header.Set(traceHeader, x.trace.String())
}

func scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

const traceHeader = "X-Cloud-Trace-Context"

// trace is the value of X-Cloud-Trace-Context: TRACE_ID/SPAN_ID;o=OPTIONS
// (https://cloud.google.com/trace/docs/trace-context).
type trace struct{ id, span, options string }

func (t trace) String() string {
	text := t.id + "/" + t.span
	if t.options != "" {
		text += ";o=" + t.options
	}
	return text
}

// newTrace continues the client's trace or begins one.
func newTrace(r *http.Request) trace {
	id, rest, _ := strings.Cut(r.Header.Get(traceHeader), "/")
	span, options, _ := strings.Cut(rest, ";o=")
	if raw, err := hex.DecodeString(id); err == nil && len(raw) == 16 && decimal(span) && (options == "" || decimal(options)) {
		return trace{strings.ToLower(id), span, options}
	}
	var random [24]byte
	_, _ = rand.Read(random[:]) // never fails
	return trace{id: hex.EncodeToString(random[:16]), span: strconv.FormatUint(binary.BigEndian.Uint64(random[16:]), 10)}
}

func decimal(text string) bool {
	_, err := strconv.ParseUint(text, 10, 64)
	return err == nil
}
