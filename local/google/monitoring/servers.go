package monitoring

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/coditect-ai/license-platform/local/host/process"
)

const (
	// startTimeout bounds how long a server has to answer after its start.
	startTimeout = 2 * time.Minute
	// keepSeries is how long Prometheus remembers: as long as the slowest alert
	// looks back (3 days), and a day more. keepBytes bounds it on the disk.
	keepSeries, keepBytes = "4d", "256MB"
	// resendInterval is how often Prometheus tells Alertmanager of what still fires. What it
	// could not tell, because its configuration was being read, waits so long.
	resendInterval = "5s"
	// resend is how often alerts over logs are sent to Alertmanager again.
	resend = 5 * time.Second
)

// server is Prometheus or Alertmanager.
type server struct {
	address netip.AddrPort
	process *process.Process
}

// program finds a server of Debian's.
func program(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%s is not on this machine: install the package '%s' (apt-get install -y --no-install-recommends %[1]s)", name, name)
	}
	return filepath.Abs(path)
}

// startPrometheus starts the server over the files in dir.
// https://prometheus.io/docs/prometheus/2.42/command-line/prometheus/
func (m *Monitoring) startPrometheus(ctx context.Context) (server, error) {
	return m.start(ctx, "prometheus", "prometheus.yml", PrometheusPort, func(s server, dir string) []string {
		return []string{
			"--config.file=" + filepath.Join(process.WorkingDir, "prometheus.yml"), "--storage.tsdb.path=" + filepath.Join(dir, "series"),
			"--storage.tsdb.retention.time=" + keepSeries, "--storage.tsdb.retention.size=" + keepBytes,
			"--rules.alert.resend-delay=" + resendInterval,
			// A firing alert continues after a restart: without this setting, an alert that
			// waits less than ten minutes would start to wait again, and would be notified
			// as ended meanwhile.
			"--rules.alert.for-grace-period=0s",
			"--web.listen-address=" + s.address.String(), "--log.level=warn",
		}
	})
}

// startAlertmanager starts the server over its file in dir, on its own: without
// the cluster that several of them make.
// https://prometheus.io/docs/alerting/0.25/high_availability/
func (m *Monitoring) startAlertmanager(ctx context.Context) (server, error) {
	return m.start(ctx, "prometheus-alertmanager", "alertmanager.yml", alertmanagerPort, func(s server, dir string) []string {
		return []string{
			"--config.file=" + filepath.Join(process.WorkingDir, "alertmanager.yml"), "--storage.path=" + filepath.Join(dir, "alerts"),
			"--web.listen-address=" + s.address.String(), "--cluster.listen-address=", "--log.level=warn",
		}
	})
}

func (m *Monitoring) start(ctx context.Context, name, config string, port uint16, arguments func(server, string) []string) (server, error) {
	s := server{address: m.at(port)}
	path, err := program(name)
	if err != nil {
		return s, err
	}
	dir := m.options.Dir
	if _, err := os.Stat(filepath.Join(dir, config)); err != nil {
		return s, fmt.Errorf("start %s: its configuration is missing: %w", name, err)
	}
	s.process, err = m.options.Supervisor.Start(process.Command{
		Name: name, Path: path, Args: arguments(s, dir), Dir: dir,
		Env:     []string{"PATH=/usr/bin:/bin", "LANG=C.UTF-8", "TZ=UTC", "GOMAXPROCS=1"},
		LogPath: filepath.Join(m.options.Logs, name+".log"), Grace: 5 * time.Second,
	})
	if err != nil {
		return s, err
	}
	if err := s.await(ctx, name); err != nil {
		s.process.Stop(context.WithoutCancel(ctx))
		return s, err
	}
	return s, nil
}

// await returns when the server is ready.
func (s server) await(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		if s.answers(ctx) {
			return nil
		}
		select {
		case <-s.process.Done():
			return fmt.Errorf("%s ended with code %d: %s", name, s.process.ExitCode(), s.process.Tail(3))
		case <-ctx.Done():
			return fmt.Errorf("%s did not answer within %s: %s", name, startTimeout, s.process.Tail(3))
		case <-ticker.C:
		}
	}
}

func (s server) answers(ctx context.Context) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.address.String()+"/-/ready", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// reload lets the server read its configuration again.
func (s server) reload() { s.process.Signal(syscall.SIGHUP) }
