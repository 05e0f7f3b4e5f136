package kubelet_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/apptest/output"
	"github.com/coditect-ai/license-platform/app/apptest/port"
	"github.com/coditect-ai/license-platform/app/image"
	"github.com/coditect-ai/license-platform/local/cluster/kubelet"
	"github.com/coditect-ai/license-platform/local/google/registry"
	"github.com/coditect-ai/license-platform/local/host/certificate"
	"github.com/coditect-ai/license-platform/local/host/process"
)

const namespace = "coditect-app"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// program builds the test image once.
var program = sync.OnceValues(func() (v1.Image, error) {
	return image.Build(context.Background(), image.Options{SourceDir: "testdata/program", Package: "."})
})

// fixture is a kubelet with a registry that holds the test image.
type fixture struct {
	*kubelet.Kubelet
	config    kubelet.Config
	reference string
	said      *output.Text // the kubelet's log
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	authority, err := certificate.LoadOrCreate(t.TempDir())
	require.NoError(t, err)
	images, err := registry.Open(t.TempDir(), quiet)
	require.NoError(t, err)
	require.NoError(t, images.CreateRepository("project/licenses"))
	server := httptest.NewUnstartedServer(images)
	server.TLS, err = authority.ServerConfig(nil, []netip.Addr{netip.MustParseAddr("127.0.0.1")})
	require.NoError(t, err)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	leaf, err := authority.Issue(nil, []netip.Addr{netip.MustParseAddr("127.0.0.1")})
	require.NoError(t, err)
	server.TLS.Certificates = append(server.TLS.Certificates, leaf)
	server.StartTLS()
	t.Cleanup(server.Close)
	img, err := program()
	require.NoError(t, err)
	host := strings.TrimPrefix(server.URL, "https://")
	reference, err := image.Push(t.Context(), image.PushOptions{Repository: host + "/project/licenses/license-api", CA: authority.PEM()}, img)
	require.NoError(t, err)
	supervisor, err := process.NewSupervisor(t.TempDir(), quiet)
	require.NoError(t, err)
	t.Cleanup(supervisor.Close)

	said := &output.Text{}
	w := fixture{reference: reference, said: said, config: kubelet.Config{
		Dir: t.TempDir(), Registry: host, CA: authority.Pool(), Supervisor: supervisor, Log: slog.New(slog.NewTextHandler(said, nil)),
		PodRange: port.Network(t),
	}}
	w.Kubelet, err = kubelet.New(w.config)
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, w.Close())
		for _, pod := range w.Pods() {
			assert.Zero(t, pod.PID, "no process is left of %s", pod.Name)
		}
	})
	return w
}

// deployment declares pods that serve, as the license API's are declared.
func (w fixture) deployment(replicas int32, env ...corev1.EnvVar) *appsv1.Deployment {
	none, one := intstr.FromInt32(0), intstr.FromInt32(1)
	labels := map[string]string{"app": "license-api"}
	grace := int64(5)
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "license-api"},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Strategy: appsv1.DeploymentStrategy{RollingUpdate: &appsv1.RollingUpdateDeployment{MaxUnavailable: &none, MaxSurge: &one}},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					ServiceAccountName: "license-api", TerminationGracePeriodSeconds: &grace,
					Containers: []corev1.Container{{
						Name: "license-api", Image: w.reference, Args: []string{"serve"},
						Env: append([]corev1.EnvVar{
							{Name: "POD_IP", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "status.podIP"}}},
							{Name: "LISTEN_ADDRESS", Value: "$(POD_IP):8000"},
						}, env...),
						Ports:          []corev1.ContainerPort{{Name: "http", ContainerPort: 8000}},
						StartupProbe:   probe("/health", 1, 10),
						LivenessProbe:  probe("/health", 1, 1),
						ReadinessProbe: probe("/ready", 1, 1),
					}},
				},
			},
		},
	}
}

func probe(path string, period, failures int32) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler:  corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: intstr.FromString("http")}},
		PeriodSeconds: period, FailureThreshold: failures, TimeoutSeconds: int32(await.Limit.Seconds()),
	}
}

// up applies the Deployment and waits for it.
func (w fixture) up(t *testing.T, d *appsv1.Deployment) {
	t.Helper()
	require.NoError(t, w.ApplyDeployment(t.Context(), d))
	ctx, cancel := context.WithTimeout(t.Context(), await.Limit)
	defer cancel()
	require.NoError(t, w.WaitDeployment(ctx, namespace, d.Name))
}

// serving are the pods that a load balancer would send requests to.
func (w fixture) serving() []kubelet.Pod {
	var ready []kubelet.Pod
	for _, p := range w.Pods() {
		if p.Ready && !p.Terminating {
			ready = append(ready, p)
		}
	}
	return ready
}

// get asks a pod by its own address and declared port.
func get(ctx context.Context, p kubelet.Pod, path string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://%s:%d%s", p.IP, p.Ports["http"], path), nil)
	if err != nil {
		return "", err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: (&net.Dialer{Timeout: await.Limit}).DialContext}}
	answer, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answered %d", path, answer.StatusCode)
	}
	return string(body), err
}

func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}
