package kubelet

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// startupPollInterval is how often a container that has never answered is probed between
// the probes that count, so that a container is ready as soon as it answers.
const startupPollInterval = 50 * time.Millisecond

// prober asks one container.
type prober struct {
	address netip.Addr
	ports   map[string]int32
	dial    dial
	client  *http.Client
}

// dial opens a connection.
type dial func(ctx context.Context, network, address string) (net.Conn, error)

func newProber(address netip.Addr, ports map[string]int32, dial dial) *prober {
	return &prober{address: address, ports: ports, dial: dial, client: &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true, DialContext: dial},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // 3xx passes
	}}
}

// watch probes until ctx ends and reports every change: passing once
// successThreshold successes came in a row, failing after failureThreshold
// failures (https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/).
// A container counts as failing at first, without a report.
func (p *prober) watch(ctx context.Context, probe *corev1.Probe, report func(passing bool, why error)) {
	period := seconds(cmp.Or(probe.PeriodSeconds, 10))
	if !sleep(ctx, seconds(probe.InitialDelaySeconds)) {
		return
	}
	var successes, failures int32
	passing, everPassed, told := false, false, false
	for ctx.Err() == nil {
		err := p.ask(ctx, probe)
		if err != nil && !everPassed {
			err = p.pollUntilAnswer(ctx, probe, period, err)
		}
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			successes, failures = successes+1, 0
		} else {
			successes, failures = 0, failures+1
		}
		switch {
		case err == nil && successes >= cmp.Or(probe.SuccessThreshold, 1) && !passing:
			passing, everPassed, told = true, true, true
			report(true, nil)
		case err != nil && failures >= cmp.Or(probe.FailureThreshold, 3) && (passing || !told):
			passing, told = false, true
			report(false, err)
		}
		if (err == nil || everPassed) && !sleep(ctx, period) {
			return
		}
	}
}

// pollUntilAnswer asks again and again for one period; the failure counts once.
func (p *prober) pollUntilAnswer(ctx context.Context, probe *corev1.Probe, period time.Duration, err error) error {
	for end := time.Now().Add(period); err != nil && time.Now().Before(end); {
		if !sleep(ctx, startupPollInterval) {
			break
		}
		err = p.ask(ctx, probe)
	}
	return err
}

// ask runs the probe once.
func (p *prober) ask(ctx context.Context, probe *corev1.Probe) error {
	ctx, cancel := context.WithTimeout(ctx, seconds(cmp.Or(probe.TimeoutSeconds, 1)))
	defer cancel()
	switch {
	case probe.HTTPGet != nil:
		return p.get(ctx, probe.HTTPGet)
	default:
		return errProbe // refused by check, so never reached by a declared pod
	}
}

func (p *prober) get(ctx context.Context, get *corev1.HTTPGetAction) error {
	address, err := p.target(get.Host, get.Port)
	if err != nil {
		return err
	}
	asked, err := url.Parse(get.Path)
	if err != nil {
		return fmt.Errorf("the probe's path %q: %w", get.Path, err)
	}
	asked.Scheme, asked.Host = "http", address
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, asked.String(), nil)
	if err != nil {
		return err
	}
	request.Header.Set("User-Agent", "kube-probe/local")
	for _, header := range get.HTTPHeaders {
		request.Header.Set(header.Name, header.Value)
	}
	answer, err := p.client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode < 200 || answer.StatusCode > 399 {
		body, _ := io.ReadAll(io.LimitReader(answer.Body, 300))
		return fmt.Errorf("%s answered %d: %s", get.Path, answer.StatusCode, body)
	}
	return nil
}

// target is where the probe goes: the pod itself unless a host is named.
func (p *prober) target(host string, port intstr.IntOrString) (string, error) {
	number := port.IntVal
	if port.Type == intstr.String {
		named, ok := p.ports[port.StrVal]
		if !ok {
			return "", fmt.Errorf("the container has no port %q, which the probe names", port.StrVal)
		}
		number = named
	}
	return net.JoinHostPort(cmp.Or(host, p.address.String()), strconv.Itoa(int(number))), nil
}

func seconds(n int32) time.Duration { return time.Duration(n) * time.Second }

// sleep returns false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
