package attack

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
	"github.com/coditect-ai/license-platform/local/report/requestlog"
)

// Request is what is sent through the load balancer. Empty fields mean: GET, the
// license host, /health, a client in the US, no token.
type Request struct {
	Method, Host, Path, Query string
	Header                    map[string]string
	Body                      string
	// Region is where the client is; "-" is somewhere that Google does not know.
	Region string
	// Bearer makes the token.
	Bearer func(ctx context.Context, t *Target) (string, error)

	client string
}

// answer is what came back, and what the load balancer logged of it.
type answer struct {
	status  int
	body    string
	passage requestlog.Passage
}

// web is an attempt of one request.
func web(r Request) Try {
	return func(ctx context.Context, t *Target) (Finding, error) {
		got, err := t.send(ctx, r)
		if err != nil {
			return Finding{}, err
		}
		return got.finding(), nil
	}
}

func (a answer) finding() Finding {
	f := Finding{Layer: a.passage.StoppedBy, Rule: a.passage.Rule, Status: strconv.Itoa(a.status)}
	for _, step := range a.passage.Steps {
		if step.Outcome == requestlog.Stopped {
			f.Why = step.Why
		}
	}
	if f.Layer == Nobody {
		f.Why = "reached " + a.passage.Backend
	}
	return f
}

// send sends a request from an address of its own and looks up what became of it.
func (t *Target) send(ctx context.Context, r Request) (answer, error) {
	request, id, err := t.request(ctx, r)
	if err != nil {
		return answer{}, err
	}
	response, err := t.http().Do(request)
	if err != nil {
		return answer{}, fmt.Errorf("send %s %s: %w", request.Method, request.URL.Path, err)
	}
	defer func() { _ = response.Body.Close() }() // read to its end
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return answer{}, fmt.Errorf("read the answer to %s %s: %w", request.Method, request.URL.Path, err)
	}
	passage, err := t.evidence(ctx, id)
	if err != nil {
		return answer{}, err
	}
	if passage.Status != response.StatusCode {
		return answer{}, fmt.Errorf("the client got status %d, the load balancer logged %d", response.StatusCode, passage.Status)
	}
	return answer{response.StatusCode, string(body), passage}, nil
}

// evidence waits for the log entry: it is written when the request is over, which
// may be after the client has the answer, and on a busy machine long after.
func (t *Target) evidence(ctx context.Context, id string) (requestlog.Passage, error) {
	for deadline := time.Now().Add(answerTimeout); time.Now().Before(deadline); {
		found, err := t.Requests(ctx, id)
		if err != nil {
			return requestlog.Passage{}, fmt.Errorf("ask the load balancer's log: %w", err)
		}
		if len(found) > 0 {
			return found[0], nil
		}
		select {
		case <-ctx.Done():
			return requestlog.Passage{}, ctx.Err()
		case <-time.After(25 * time.Millisecond):
		}
	}
	return requestlog.Passage{}, fmt.Errorf("the load balancer's log does not know the request %s", id)
}

func (t *Target) request(ctx context.Context, r Request) (*http.Request, string, error) {
	host := r.Host
	if host == "" {
		host = t.LicenseHost
	}
	address := "https://" + t.LicenseHost
	if r.Host == ide {
		host, address = t.IDEHost, "https://"+t.IDEHost
	}
	path := strings.NewReplacer("{license}", t.License, "{rival}", t.RivalLicense).Replace(valueOr(r.Path, "/health"))
	request, err := http.NewRequestWithContext(ctx, valueOr(r.Method, http.MethodGet), address, strings.NewReader(r.Body))
	if err != nil {
		return nil, "", fmt.Errorf("make the request: %w", err)
	}
	request.URL.Opaque = path // sent as it is written, dots and escapes too
	request.URL.RawQuery = (&url.URL{RawQuery: r.Query}).RawQuery
	request.Host = host
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // never fails
	id := hex.EncodeToString(raw)
	headers := map[string]string{
		"User-Agent": "coditect-ide/1.0", "X-Cloud-Trace-Context": id + "/1",
		loadbalancer.ClientHeader: fmt.Sprintf("ip=%s;region=%s", valueOr(r.client, t.address().String()), strings.TrimPrefix(valueOr(r.Region, "US"), "-")),
	}
	if r.Body != "" {
		headers["Content-Type"] = "application/json"
	}
	maps.Copy(headers, r.Header)
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	if r.Bearer != nil {
		token, err := r.Bearer(ctx, t)
		if err != nil {
			return nil, "", err
		}
		request.Header.Set("Authorization", "Bearer "+token)
	}
	return request, id, nil
}

// ide is the host of the Cloud IDE.
const ide = "the Cloud IDE"

func valueOr(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
