package loadbalancer_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/apptest/port"
	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
)

// details waits for the latest request's statusDetails.
func (d *door) details(want string) {
	d.t.Helper()
	await.True(d.t, func() bool {
		recent := d.Recent()
		return len(recent) > 0 && recent[0].Payload.StatusDetails == want
	}, "want statusDetails %s", want)
}

func TestABackendThatAnswersTooLateIsCutAtItsTimeout(t *testing.T) {
	t.Parallel()
	d := open(t)
	p := startPod(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/partial" {
			_, _ = io.WriteString(w, "begun")
			_ = http.NewResponseController(w).Flush()
		}
		<-r.Context().Done()
	})
	config := serving(p)
	require.NoError(t, d.Update(config))
	await.True(t, func() bool { return healthy(d, p.address) })
	const timeout = 2 * time.Second // in which a busy machine can begin an answer
	config.Backends[0].Timeout = timeout
	require.NoError(t, d.Update(config))

	started := time.Now()
	got := d.get("https://" + licenses + "/")
	assert.Equal(t, http.StatusBadGateway, got.status)
	assert.Contains(t, got.body, "502 Server Error")
	assert.GreaterOrEqual(t, time.Since(started), timeout)
	d.details("backend_timeout")

	_, err := d.do(http.MethodGet, "https://"+licenses+"/partial", "")
	require.Error(t, err, "a response that was cut must not look complete")
	d.details("backend_timeout")
}

func TestAWebSocketLivesUntilTheBackendsTimeoutIdleOrNot(t *testing.T) {
	t.Parallel()
	d, p := open(t), startPod(t, echo(t))
	config := serving(p)
	require.NoError(t, d.Update(config))
	await.True(t, func() bool { return healthy(d, p.address) })
	const timeout = 3 * time.Second // in which a busy machine can send three messages
	config.Backends[0].Timeout = timeout
	require.NoError(t, d.Update(config))
	ctx, cancel := context.WithTimeout(t.Context(), await.Limit)
	defer cancel()
	started := time.Now()
	c, _, err := websocket.Dial(ctx, "wss://"+licenses+"/ws", &websocket.DialOptions{HTTPClient: d.client})
	require.NoError(t, err)
	defer func() { _ = c.CloseNow() }()
	for range 3 {
		require.NoError(t, c.Write(ctx, websocket.MessageText, []byte("ping")))
		_, message, err := c.Read(ctx)
		require.NoError(t, err)
		assert.Equal(t, "ping", string(message))
	}
	_, _, err = c.Read(ctx)
	require.Error(t, err)
	require.NoError(t, ctx.Err(), "the load balancer has cut it")
	assert.GreaterOrEqual(t, time.Since(started), timeout)
	d.details("websocket_closed")
	assert.Equal(t, http.StatusSwitchingProtocols, d.Recent()[0].HTTPRequest.Status)
}

func TestFailuresOfTheBackendAreNamedAsTheLoadBalancerNamesThem(t *testing.T) {
	t.Parallel()
	d := open(t)
	abrupt := startPod(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	require.NoError(t, d.Update(serving(abrupt)))
	assert.Equal(t, http.StatusBadGateway, d.get("https://"+licenses+"/").status)
	d.details("backend_connection_closed_before_data_sent_to_client")

	require.NoError(t, d.Update(serving()))
	assert.Equal(t, http.StatusBadGateway, d.get("https://"+licenses+"/").status)
	d.details("failed_to_pick_backend")
}

func TestAClientThatLeavesIsNotedAndItsRequestToTheBackendEnds(t *testing.T) {
	t.Parallel()
	d := open(t)
	begun, ended := make(chan struct{}), make(chan struct{})
	p := startPod(t, func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		<-r.Context().Done()
		close(ended)
	})
	require.NoError(t, d.Update(serving(p)))
	ctx, leave := context.WithCancel(t.Context())
	go func() { await.Receive(t, begun); leave() }()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+licenses+"/", nil)
	require.NoError(t, err)
	_, err = d.client.Do(request)
	require.ErrorIs(t, err, context.Canceled)
	await.Receive(t, ended)
	d.details("client_disconnected_before_any_response")
}

func TestARequestIsTriedElsewhereOnlyWhenNothingOfItWasSent(t *testing.T) {
	t.Parallel()
	refusing := netip.MustParseAddrPort("127.0.0.1:9")
	alive := startPod(t, func(w http.ResponseWriter, r *http.Request) {
		text, err := readAll(r)
		assert.NoError(t, err)
		_, _ = io.WriteString(w, text)
	})
	d := open(t, func(o *loadbalancer.Options) { o.Dial = dialUnless(refusing) })
	config := serving(alive)
	config.Backends[0].Endpoints = append(config.Backends[0].Endpoints, refusing)
	config.Backends[0].Affinity = loadbalancer.AffinityClientIP
	require.NoError(t, d.Update(config))
	await.True(t, func() bool { return healthy(d, refusing) && healthy(d, alive.address) })
	for client := range 12 {
		from := fmt.Sprintf("X-Local-Client: ip=203.0.113.%d", client)
		got, err := d.do(http.MethodPost, "https://"+licenses+"/", "body", from)
		require.NoError(t, err)
		assert.Equal(t, "body", got.body)
	}
	config.Backends[0].Endpoints = []netip.AddrPort{refusing}
	require.NoError(t, d.Update(config))
	assert.Equal(t, http.StatusBadGateway, d.get("https://"+licenses+"/").status)
	d.details("failed_to_connect_to_backend")
}

func TestPlainHTTPIsServedRedirectedOrClosedAsTheConfigurationSays(t *testing.T) {
	t.Parallel()
	plain := port.Address(t)
	d, p := open(t, func(o *loadbalancer.Options) { o.PlainAddress = plain }), startPod(t, says("hello"))
	ask := func() (*http.Response, error) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+plain.String()+"/x?y=1", nil)
		require.NoError(t, err)
		request.Host = licenses
		transport := &http.Transport{DisableKeepAlives: true}
		return transport.RoundTrip(request)
	}
	require.NoError(t, d.Update(serving(p)))
	_, err := ask()
	require.Error(t, err, "the port is closed unless the Ingress allows HTTP")

	config := serving(p)
	config.PlainHTTP = loadbalancer.PlainHTTP{Allowed: true}
	require.NoError(t, d.Update(config))
	response, err := ask()
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.Equal(t, "http", p.requests()[0].Header.Get("X-Forwarded-Proto"))

	config.PlainHTTP.RedirectCode = http.StatusPermanentRedirect
	require.NoError(t, d.Update(config))
	response, err = ask()
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.Equal(t, http.StatusPermanentRedirect, response.StatusCode)
	want := "https://" + licenses + d.Address().String()[strings.LastIndex(d.Address().String(), ":"):] + "/x?y=1"
	assert.Equal(t, want, response.Header.Get("Location"))
	assert.Len(t, p.requests(), 1)

	require.NoError(t, d.Update(serving(p)))
	await.True(t, func() bool {
		response, err := ask()
		if err == nil {
			_ = response.Body.Close()
		}
		return err != nil
	})
}

func TestATakenPortIsAnErrorThatNamesIt(t *testing.T) {
	t.Parallel()
	d := open(t)
	_, err := loadbalancer.New(loadbalancer.Options{Address: d.Address(), Issue: issueNothing})
	require.ErrorContains(t, err, d.Address().String())
	_, err = loadbalancer.New(loadbalancer.Options{Address: d.Address()})
	require.ErrorContains(t, err, "Options.Issue")
}
