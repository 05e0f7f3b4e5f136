package dataplane_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/apptest/port"
	"github.com/coditect-ai/license-platform/declared"
	"github.com/coditect-ai/license-platform/k8s/isolation"
	"github.com/coditect-ai/license-platform/local/cluster/dataplane"
	"github.com/coditect-ai/license-platform/local/cluster/kubelet"
	"github.com/coditect-ai/license-platform/local/cluster/sandbox"
	"github.com/coditect-ai/license-platform/local/host/process"
)

const namespace = "coditect-app"

// Addresses that are the same in every cluster, and two of its Services.
var (
	metadata     = netip.MustParseAddrPort("169.254.169.254:80")
	namesService = netip.MustParseAddrPort("34.118.224.10:53")
	otherService = netip.MustParseAddrPort("34.118.239.10:80")
)

// TestMain makes this executable what stands in the pods' networks, and the
// pods' program, too.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == sandbox.Command {
		code, err := sandbox.Inside(os.Args[3:])
		if err != nil {
			fmt.Println(err)
		}
		os.Exit(code)
	}
	if len(os.Args) > 2 && os.Args[1] == "pod" {
		pod(os.Args[2])
		return
	}
	// The Pulumi SDK's log starts this one.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/golang/glog.(*fileSink).flushDaemon"))
}

// pod is the pods' program: it dials what it is asked to, and answers with what
// it was told.
func pod(ip string) {
	mux, held := http.NewServeMux(), make(chan struct{}, 1)
	dial := func(timeout time.Duration) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			conn, err := net.DialTimeout(r.FormValue("network"), r.FormValue("to"), timeout)
			if err != nil {
				fmt.Fprint(w, err)
				return
			}
			defer func() { _ = conn.Close() }()
			_ = conn.SetDeadline(time.Now().Add(timeout))
			_, _ = io.WriteString(conn, "hello\n")
			said := make([]byte, 100)
			n, err := conn.Read(said)
			fmt.Fprint(w, string(said[:n]), err)
		}
	}
	mux.HandleFunc("GET /dial", dial(await.Limit))
	mux.HandleFunc("GET /knock", dial(200*time.Millisecond)) // where nobody answers
	mux.HandleFunc("GET /hold", func(w http.ResponseWriter, r *http.Request) {
		conn, err := net.Dial("tcp", r.FormValue("to"))
		if err != nil {
			fmt.Fprint(w, err)
			return
		}
		defer func() { _ = conn.Close() }()
		said := make([]byte, 100)
		for range 2 { // the second waits until the policies allow it again
			_, _ = io.WriteString(conn, "hello\n")
			n, err := conn.Read(said)
			fmt.Fprintln(w, string(said[:n]), err)
			_ = http.NewResponseController(w).Flush()
			<-held
		}
	})
	mux.HandleFunc("GET /well", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "well") })
	mux.HandleFunc("GET /on", func(http.ResponseWriter, *http.Request) { held <- struct{}{} })
	go func() { _ = http.ListenAndServe(ip+":9090", mux) }()
	_ = http.ListenAndServe(ip+":8000", mux)
}

// fixture is a dataplane with services around it.
type fixture struct {
	*dataplane.Dataplane
	t                    *testing.T
	api, other, names    kubelet.Pod
	redis, database, kms netip.AddrPort
	guest                *dataplane.Guest // the other pod

	mu       sync.Mutex
	policies []networkingv1.NetworkPolicy
}

func newFixture(t *testing.T, shim string) *fixture {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	supervisor, err := process.NewSupervisor(t.TempDir(), log)
	require.NoError(t, err)
	t.Cleanup(supervisor.Close)
	if _, err := sandbox.Check(supervisor, executable(t)); err != nil {
		t.Skipf("this machine refuses namespaces: %v", err)
	}
	network := port.Network(t).Addr().As4()
	at := func(last byte) netip.Addr { return netip.AddrFrom4([4]byte{network[0], network[1], network[2], last}) }
	w := &fixture{
		t: t, redis: netip.AddrPortFrom(at(16), 6378), database: netip.AddrPortFrom(at(17), 5432), kms: netip.AddrPortFrom(at(32), 8443),
		api: kubelet.Pod{
			Namespace: namespace, Name: "license-api-1", Labels: map[string]string{"app": "license-api"}, IP: at(64),
			Ports: map[string]int32{"http": 8000, "metrics": 9090},
		},
		other: kubelet.Pod{
			Namespace: namespace, Name: "coditect-api-v2-0", Labels: map[string]string{"app": "coditect-api-v2"}, IP: at(65),
			Ports: map[string]int32{"http": 8080},
		},
		names: kubelet.Pod{
			Namespace: "kube-system", Name: "kube-dns-0", Labels: map[string]string{"k8s-app": "kube-dns"}, IP: at(66),
			Ports: map[string]int32{"dns": 53},
		},
	}
	w.policies = declaredPolicies(t, isolation.Settings{Dataplane: isolation.DataplaneV2}, netip.PrefixFrom(at(16), 28).String(), w.kms)
	for _, service := range []netip.AddrPort{w.redis, w.database, w.kms} {
		listener, err := net.Listen("tcp", service.String())
		require.NoError(t, err)
		echo(t, listener)
	}
	resolver := echoPackets(t)
	w.Dataplane = dataplane.New(dataplane.Config{
		Supervisor: supervisor, Shim: shim, Log: log,
		Rules: func() (dataplane.Rules, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			return dataplane.Rules{Policies: slices.Clone(w.policies)}, nil
		},
		Pods: func() []kubelet.Pod { return []kubelet.Pod{w.api, w.other, w.names} },
		Services: func() []dataplane.Service {
			return []dataplane.Service{
				{Name: "Memorystore", Address: w.redis},
				{Name: "Cloud SQL", Address: w.database},
				{Name: "Cloud KMS", Address: w.kms},
				{Name: "the Service of the other pod", Address: otherService, Behind: netip.AddrPortFrom(w.other.IP, 8080)},
				{Name: "the metadata server", Address: metadata, At: w.kms},
				{Name: "names", Address: namesService, Behind: netip.AddrPortFrom(w.names.IP, 53), At: resolver, Packets: true},
			}
		},
	})
	w.guest, err = w.Join(w.other)
	require.NoError(t, err)
	listener, err := w.guest.Listen(8080)
	require.NoError(t, err)
	echo(t, listener)
	var running sync.WaitGroup
	ctx := t.Context()
	running.Go(func() { _ = w.Run(ctx) })
	t.Cleanup(func() {
		running.Wait()
		supervisor.Close()
		w.Close()
	})
	return w
}

func executable(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	require.NoError(t, err)
	return path
}

// start runs the API's pod and waits until it serves.
func (w *fixture) start() *process.Process {
	w.t.Helper()
	started, err := w.Start(w.api, process.Command{
		Name: "pod", Path: executable(w.t), Args: []string{"pod", w.api.IP.String()}, Grace: time.Second, Unprivileged: true,
		LogPath: filepath.Join(w.t.TempDir(), "log"),
	})
	require.NoError(w.t, err)
	await.True(w.t, func() bool {
		conn, err := w.Probe(w.t.Context(), "tcp", w.at(8000))
		return err == nil && conn.Close() == nil
	}, "the pod serves")
	return started
}

func (w *fixture) at(port uint16) string { return netip.AddrPortFrom(w.api.IP, port).String() }

// edit replaces the policies by what remains of them.
func (w *fixture) edit(change func(*networkingv1.NetworkPolicy)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.policies {
		w.policies[i] = *w.policies[i].DeepCopy()
		change(&w.policies[i])
	}
	w.Changed()
}

// ask has the pod do something; the load balancer passes it on.
func (w *fixture) ask(path string) string {
	w.t.Helper()
	transport := &http.Transport{DialContext: w.DialFrontEnd, DisableKeepAlives: true}
	response, err := (&http.Client{Transport: transport}).Get("http://" + w.at(8000) + path)
	require.NoError(w.t, err)
	defer func() { _ = response.Body.Close() }()
	said, err := io.ReadAll(response.Body)
	require.NoError(w.t, err)
	return string(said)
}

func (w *fixture) dial(to string) string { return w.ask("/dial?network=tcp&to=" + to) }

// knock is a dial that nobody answers; it soon goes away.
func (w *fixture) knock(to string) string { return w.ask("/knock?network=tcp&to=" + to) }

// denied joins what the dataplane tells about denials.
func (w *fixture) denied() string {
	var all []string
	for _, denial := range w.Status().Denials {
		all = append(all, denial.Text)
	}
	return strings.Join(all, "\n")
}

// tells waits until the dataplane tells of a denial.
func (w *fixture) tells(text string) {
	w.t.Helper()
	await.True(w.t, func() bool { return strings.Contains(w.denied(), text) }, text)
}

// echo answers every connection with what it hears.
func echo(t *testing.T, listener net.Listener) {
	t.Helper()
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				_, _ = io.Copy(conn, conn)
				_ = conn.Close()
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		serving.Wait()
	})
}

// echoPackets answers every packet with its sender's address and what it says.
func echoPackets(t *testing.T) netip.AddrPort {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	var serving sync.WaitGroup
	serving.Go(func() {
		said := make([]byte, 100)
		for {
			n, from, err := conn.ReadFrom(said)
			if err != nil {
				return
			}
			host, _, _ := net.SplitHostPort(from.String())
			_, _ = conn.WriteTo([]byte(host+" says "+string(said[:n])), from)
		}
	})
	t.Cleanup(func() {
		_ = conn.Close()
		serving.Wait()
	})
	return netip.MustParseAddrPort(conn.LocalAddr().String())
}

// declaredPolicies are those that the stack declares for these addresses.
func declaredPolicies(t *testing.T, settings isolation.Settings, privateServices string, kms netip.AddrPort) []networkingv1.NetworkPolicy {
	t.Helper()
	r := &declared.Recorder{}
	require.NoError(t, r.Run(func(ctx *pulumi.Context) error {
		_, err := isolation.New(ctx, "isolation", &isolation.Args{
			Settings:  settings,
			Namespace: pulumi.String(namespace), API: "license-api", Migration: "license-migrate", HTTPPort: 8000, MetricsPort: 9090,
			FrontEndRanges: []string{"35.191.0.0/16", "130.211.0.0/22"}, PrivateServicesRange: pulumi.String(privateServices),
			DatabasePort: 5432, RedisPort: pulumi.Int(6378),
			GoogleAPIs: []isolation.Target{{CIDR: kms.Addr().String() + "/32", Port: int(kms.Port())}},
		})
		return err
	}))
	encoded, err := json.Marshal(r.Objects())
	require.NoError(t, err)
	var policies []networkingv1.NetworkPolicy
	require.NoError(t, json.Unmarshal(encoded, &policies))
	require.Len(t, policies, 3+len(settings.StayingWorkloads))
	return policies
}
