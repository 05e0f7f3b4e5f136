package loadbalancer_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
)

func TestARunningRequestOutlivesTheRemovalOfItsEndpoint(t *testing.T) {
	t.Parallel()
	d := open(t)
	begun, finish := make(chan struct{}), make(chan struct{})
	old := startPod(t, func(w http.ResponseWriter, _ *http.Request) {
		close(begun)
		await.Receive(t, finish)
		_, _ = io.WriteString(w, "finished")
	})
	next := startPod(t, says("next"))
	config := serving(old)
	config.Backends[0].Draining = await.Limit
	require.NoError(t, d.Update(config))
	answered := make(chan reply, 1)
	go func() {
		got, err := d.do(http.MethodGet, "https://"+licenses+"/slow", "")
		assert.NoError(t, err)
		answered <- got
	}()
	await.Receive(t, begun)
	config.Backends[0].Endpoints = []netip.AddrPort{next.address}
	require.NoError(t, d.Update(config))
	for range 5 {
		assert.Equal(t, "next", d.get("https://"+licenses+"/").body, "a removed endpoint gets no new request")
	}
	close(finish)
	assert.Equal(t, "finished", await.Receive(t, answered).body)
}

func TestARequestIsCutWhenTheDrainingTimeIsOver(t *testing.T) {
	t.Parallel()
	for name, draining := range map[string]time.Duration{"no draining cuts at once": 0, "draining waits first": 300 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t)
			begun := make(chan struct{})
			p := startPod(t, func(_ http.ResponseWriter, r *http.Request) {
				close(begun)
				<-r.Context().Done()
			})
			config := serving(p)
			config.Backends[0].Draining = draining
			require.NoError(t, d.Update(config))
			answered := make(chan reply, 1)
			go func() {
				got, err := d.do(http.MethodGet, "https://"+licenses+"/", "")
				assert.NoError(t, err)
				answered <- got
			}()
			await.Receive(t, begun)
			removed := time.Now()
			config.Backends[0].Endpoints = nil
			require.NoError(t, d.Update(config))
			assert.Equal(t, http.StatusBadGateway, await.Receive(t, answered).status)
			assert.GreaterOrEqual(t, time.Since(removed), draining)
		})
	}
}

func TestAFailingHealthCheckTakesAPodOutAndASuccessBringsItBack(t *testing.T) {
	t.Parallel()
	d, a, b := open(t), startPod(t, says("a")), startPod(t, says("b"))
	config := serving(a, b)
	config.Backends[0].HealthCheck.UnhealthyThreshold = 1
	require.NoError(t, d.Update(config))
	both := func() bool { return healthy(d, a.address) && healthy(d, b.address) }
	await.True(t, both)
	a.setSick(true)
	config.Backends[0].HealthCheck.Interval += time.Second // every check begins anew
	require.NoError(t, d.Update(config))
	await.True(t, func() bool { return !healthy(d, a.address) })
	for range 6 {
		assert.Equal(t, "b", d.get("https://"+licenses+"/").body)
	}
	a.setSick(false)
	await.True(t, both)
	seen := map[string]bool{}
	for range 6 {
		seen[d.get("https://"+licenses+"/").body] = true
	}
	assert.Len(t, seen, 2, "requests go to both pods in turn")
}

func TestAPodThatIsNeverWellGetsNoRequest(t *testing.T) {
	t.Parallel()
	d, p := open(t), startPod(t, says("never"))
	p.setSick(true)
	require.NoError(t, d.Update(serving(p)))
	assert.Equal(t, http.StatusBadGateway, d.get("https://"+licenses+"/").status, "the first check is waited for, then evaluated")
	assert.Empty(t, p.requests())
	p.setSick(false)
	await.True(t, func() bool { return d.get("https://"+licenses+"/").body == "never" })
}

func TestARequestWaitsForTheFirstCheckOfANewPod(t *testing.T) {
	t.Parallel()
	var opened atomic.Int64
	d := open(t, func(o *loadbalancer.Options) {
		o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			if opened.Add(1) == 1 {
				time.Sleep(50 * time.Millisecond) // the first check takes its time
			}
			return (&net.Dialer{}).DialContext(ctx, network, address)
		}
	})
	p := startPod(t, says("ready"))
	config := serving(p)
	config.Backends[0].HealthCheck.HealthyThreshold = 2
	require.NoError(t, d.Update(config))
	assert.Equal(t, "ready", d.get("https://"+licenses+"/").body)
}

func TestABackendThatIsGoneLetsGoOfItsRequests(t *testing.T) {
	t.Parallel()
	d := open(t)
	begun := make(chan struct{})
	p := startPod(t, func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		<-r.Context().Done()
	})
	require.NoError(t, d.Update(serving(p)))
	answered := make(chan reply, 1)
	go func() {
		got, err := d.do(http.MethodGet, "https://"+licenses+"/", "")
		assert.NoError(t, err)
		answered <- got
	}()
	await.Receive(t, begun)
	config := serving()
	config.Hosts, config.Backends = nil, nil
	require.NoError(t, d.Update(config))
	assert.Equal(t, http.StatusBadGateway, await.Receive(t, answered).status)
	assert.Empty(t, d.Status())
}

func TestClientsStickToAnEndpointWhenAskedTo(t *testing.T) {
	t.Parallel()
	d, a, b := open(t), startPod(t, says("a")), startPod(t, says("b"))
	config := serving(a, b)
	config.Backends[0].Affinity = loadbalancer.AffinityClientIP
	require.NoError(t, d.Update(config))
	await.True(t, func() bool { return healthy(d, a.address) && healthy(d, b.address) })
	chosen := map[string]int{}
	for client := range 16 {
		from := fmt.Sprintf("X-Local-Client: ip=203.0.113.%d", client)
		first := d.get("https://"+licenses+"/", from).body
		chosen[first]++
		for range 3 {
			assert.Equal(t, first, d.get("https://"+licenses+"/", from).body)
		}
	}
	assert.Len(t, chosen, 2, "different clients are spread: %v", chosen)
}

func TestARollingSwapUnderLoadLosesNoRequest(t *testing.T) {
	t.Parallel()
	d := open(t)
	pods := []*pod{startPod(t, slowly("0")), startPod(t, slowly("1"))}
	config := serving(pods...)
	config.Backends[0].Draining = await.Limit
	require.NoError(t, d.Update(config))
	var lost, served atomic.Int64
	stop := make(chan struct{})
	var load sync.WaitGroup
	for worker := range 4 {
		load.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				method := []string{http.MethodGet, http.MethodPost}[worker%2]
				if got, err := d.do(method, "https://"+licenses+"/", "x"); err != nil || got.status != http.StatusOK {
					lost.Add(1)
					t.Errorf("a request was lost: %v %v", got.status, err)
				}
				served.Add(1)
			}
		})
	}
	for round := range 20 { // one pod at a time, the way a rollout goes
		pods = append(pods[1:], startPod(t, slowly(fmt.Sprint(round))))
		next := serving(pods...)
		next.Backends[0].Draining = await.Limit
		next.Name = fmt.Sprint(round)
		require.NoError(t, d.Update(next))
		enough := served.Load() + 10
		await.True(t, func() bool { return served.Load() >= enough })
	}
	close(stop)
	load.Wait()
	assert.Zero(t, lost.Load())
	t.Logf("%d requests over 20 swaps", served.Load())
}

func TestStoppingLetsRequestsFinishAndCutsWebSockets(t *testing.T) {
	t.Parallel()
	d := open(t)
	begun, finish := make(chan struct{}), make(chan struct{})
	ws := echo(t)
	p := startPod(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/ws" {
			ws(w, r)
			return
		}
		close(begun)
		await.Receive(t, finish)
		_, _ = io.WriteString(w, "finished")
	})
	require.NoError(t, d.Update(serving(p)))
	c, _, err := websocket.Dial(t.Context(), "wss://"+licenses+"/ws", &websocket.DialOptions{HTTPClient: d.client})
	require.NoError(t, err)
	defer func() { _ = c.CloseNow() }()
	answered := make(chan reply, 1)
	go func() {
		got, err := d.do(http.MethodGet, "https://"+licenses+"/", "")
		assert.NoError(t, err)
		answered <- got
	}()
	await.Receive(t, begun)
	d.stop()
	await.True(t, func() bool {
		c, err := tls.Dial("tcp", d.Address().String(), &tls.Config{ServerName: licenses, RootCAs: d.roots})
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	}, "a stopping load balancer takes no new connection")
	close(finish)
	assert.Equal(t, "finished", await.Receive(t, answered).body)
	_, _, err = c.Read(t.Context())
	require.Error(t, err)
	require.ErrorContains(t, d.Update(serving(p)), "closed")
}

func healthy(d *door, address netip.AddrPort) bool {
	for _, b := range d.Status() {
		for _, e := range b.Endpoints {
			if e.Address == address {
				return e.Health == "HEALTHY"
			}
		}
	}
	return false
}

func slowly(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(3 * time.Millisecond)
		_, _ = io.WriteString(w, text)
	}
}

func echo(t *testing.T) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if !assert.NoError(t, err) {
			return
		}
		defer func() { _ = c.CloseNow() }()
		for {
			kind, message, err := c.Read(r.Context())
			if err != nil || c.Write(r.Context(), kind, message) != nil {
				return
			}
		}
	}
}

// dialUnless answers health checks of an address itself and refuses every other
// connection to it: an endpoint that is well but cannot be reached.
func dialUnless(refusing netip.AddrPort) loadbalancer.Dial {
	var checks atomic.Int64
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if address != refusing.String() {
			return (&net.Dialer{}).DialContext(ctx, network, address)
		}
		if checks.Add(1) > 1 {
			return nil, errors.New("connection refused")
		}
		here, there := net.Pipe()
		go func() {
			defer func() { _ = there.Close() }()
			_, _ = there.Read(make([]byte, 1024))
			_, _ = io.WriteString(there, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		}()
		return here, nil
	}
}

func issueNothing([]string, []netip.Addr) (tls.Certificate, error) { return tls.Certificate{}, nil }
