package loadbalancer

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"time"
)

// Until an endpoint is healthy for the first time it is checked sooner than its
// interval, for at most firstChecks times: Google probes from many places at
// once, so there too a new endpoint is known much faster.
const (
	firstChecks  = 120
	afterSuccess = 20 * time.Millisecond
	afterFailure = 250 * time.Millisecond
)

// prober sends one health check and returns nil when the endpoint is well.
type prober func(ctx context.Context, url string) error

// checkUntil runs the endpoint's health checks until the context ends.
func (p *pool) checkUntil(ctx context.Context, e *endpoint, check HealthCheck) {
	url := checkURL(e.address, check)
	successes, failures := 0, 0
	timer := time.NewTimer(0)
	defer timer.Stop()
	for count := 0; ; count++ {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		limited, cancel := context.WithTimeout(ctx, check.Timeout)
		err := p.probe(limited, url)
		cancel()
		if ctx.Err() != nil {
			return
		}
		soon := afterSuccess
		if err == nil {
			successes, failures = successes+1, 0
		} else {
			successes, failures, soon = 0, failures+1, afterFailure
		}
		if p.nextHealth(e, check, successes, failures) == healthy {
			count = firstChecks
		}
		if count < firstChecks {
			timer.Reset(min(check.Interval, soon))
		} else {
			timer.Reset(check.Interval)
		}
	}
}

// nextHealth applies the thresholds. An endpoint that was never seen healthy is
// unhealthy from its first failure on.
func (p *pool) nextHealth(e *endpoint, check HealthCheck, successes, failures int) health {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := e.health
	switch {
	case successes >= check.HealthyThreshold:
		e.health = healthy
	case failures >= check.UnhealthyThreshold, failures > 0 && before == unknown:
		e.health = unhealthy
	}
	if e.health != before {
		p.announce()
	}
	return e.health
}

func checkURL(address netip.AddrPort, check HealthCheck) string {
	if check.Port != 0 {
		address = netip.AddrPortFrom(address.Addr(), check.Port)
	}
	return "http://" + address.String() + check.Path
}

// httpProber checks as Google's probers do: no redirect is followed, and only
// status 200 is a success
// (https://cloud.google.com/load-balancing/docs/health-check-concepts).
func httpProber(dial Dial) prober {
	client := &http.Client{
		Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
	return func(ctx context.Context, url string) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return fmt.Errorf("health check %s: %w", url, err)
		}
		request.Header.Set("User-Agent", "GoogleHC/1.0")
		response, err := client.Do(request)
		if err != nil {
			return fmt.Errorf("health check: %w", err)
		}
		defer func() { _ = response.Body.Close() }()
		if _, err := io.Copy(io.Discard, io.LimitReader(response.Body, 1<<16)); err != nil {
			return fmt.Errorf("health check %s: %w", url, err)
		}
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("health check %s: status %d, want 200", url, response.StatusCode)
		}
		return nil
	}
}
