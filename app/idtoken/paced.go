package idtoken

import (
	"bytes"
	"io"
	"net/http"
	"sync"
	"time"
)

// pace is the least time between two fetches of the key set. Google publishes a key long
// before it signs with it.
const pace = time.Second

// paced fetches the key set. oidc does so for every token whose signature it cannot
// verify, and anybody can send such tokens; for those that come right after a fetch its
// answer stands. Only a good answer does.
type paced struct {
	next http.RoundTripper
	now  func() time.Time

	mu   sync.Mutex
	at   time.Time
	url  string
	last *http.Response
	body []byte
}

// RoundTrip implements http.RoundTripper.
func (p *paced) RoundTrip(r *http.Request) (*http.Response, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last == nil || p.url != r.URL.String() || p.now().Sub(p.at) >= pace {
		answer, err := p.next.RoundTrip(r)
		if err != nil || answer.StatusCode != http.StatusOK {
			return answer, err
		}
		if err := p.keep(r, answer); err != nil {
			return nil, err
		}
	}
	answer := *p.last
	answer.Header, answer.Request, answer.Body = p.last.Header.Clone(), r, io.NopCloser(bytes.NewReader(p.body))
	return &answer, nil
}

// keep reads the answer and remembers it.
func (p *paced) keep(r *http.Request, answer *http.Response) error {
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return err
	}
	p.at, p.url, p.last, p.body = p.now(), r.URL.String(), answer, body
	return nil
}
