package idtoken

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// pace is the least time between two fetches of the key set. Google publishes a key long
// before it signs with it.
const pace = time.Second

// paced fetches the key set. oidc does so for every token whose signature it cannot
// verify, and anybody can send such tokens; tokens that come right after a fetch get its
// result, also when it failed.
type paced struct {
	next http.RoundTripper
	now  func() time.Time

	mu   sync.Mutex
	at   time.Time
	url  string
	last *http.Response
	body []byte
	// failed is why the last fetch brought no keys; nil when it did.
	failed error
}

// RoundTrip implements http.RoundTripper.
func (p *paced) RoundTrip(r *http.Request) (*http.Response, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	recent := p.now().Sub(p.at) < pace
	if recent && p.failed != nil {
		return nil, p.failed
	}
	if !recent || p.last == nil || p.url != r.URL.String() {
		answer, err := p.next.RoundTrip(r)
		if err != nil || answer.StatusCode >= http.StatusBadRequest {
			p.fail(answer, err)
			return answer, err
		}
		if answer.StatusCode != http.StatusOK {
			return answer, nil
		}
		if err := p.keep(r, answer); err != nil {
			p.fail(nil, err)
			return nil, err
		}
	}
	answer := *p.last
	answer.Header, answer.Request, answer.Body = p.last.Header.Clone(), r, io.NopCloser(bytes.NewReader(p.body))
	return &answer, nil
}

// fail remembers that there were no keys.
func (p *paced) fail(answer *http.Response, err error) {
	if err == nil {
		err = fmt.Errorf("the issuer has just answered %s", answer.Status)
	}
	p.at, p.failed = p.now(), err
}

// keep reads the answer and remembers it.
func (p *paced) keep(r *http.Request, answer *http.Response) error {
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return err
	}
	p.at, p.url, p.last, p.body, p.failed = p.now(), r.URL.String(), answer, body, nil
	return nil
}
