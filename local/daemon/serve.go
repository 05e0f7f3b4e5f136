package daemon

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/coditect-ai/license-platform/emulator/cloudarmor"
	"github.com/coditect-ai/license-platform/emulator/cloudide"
	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/local/cluster/kubelet"
	"github.com/coditect-ai/license-platform/local/edge/ingresscontroller"
	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
	"github.com/coditect-ai/license-platform/local/google/cloudsql"
	"github.com/coditect-ai/license-platform/local/google/kms"
	"github.com/coditect-ai/license-platform/local/host/sameuser"
)

// maxMessage bounds a message from the engine, in bytes: a whole stack's CA
// bundles and Deployments are far below it.
const maxMessage = 64 << 20

// serve opens every address. When one is taken nothing is left open.
func (d *Daemon) serve(ctx context.Context, group *errgroup.Group) (record Record, err error) {
	plan := d.options.Plan
	record = Record{PID: os.Getpid(), Binary: d.options.Binary, Token: rand.Text(), Plan: plan, Providers: map[string]int{}}
	if err := d.serveGRPC(ctx, group, plan.KMS(), d.kms.Register, d.withKMSFaults(), d.authorized(keysAPI, kms.Need, kms.Scope)); err != nil {
		return record, err
	}
	if err := d.serveGRPC(ctx, group, plan.SecretManager(), d.secrets.Register, d.authorized(secretsAPI, secretNeeds().Need)); err != nil {
		return record, err
	}
	if err := d.serveHTTPS(ctx, group, plan.Identity(), d.withIdentityFault(d.issuer.Handler())); err != nil {
		return record, err
	}
	if err := d.serveHTTPS(ctx, group, plan.SQLAdmin(), cloudsql.AdminAPI(d.sqlAdmin(), d.log)); err != nil {
		return record, err
	}
	if err := d.serveHTTPS(ctx, group, plan.Registry(), d.registry); err != nil {
		return record, err
	}
	if err := d.serveCluster(ctx, group); err != nil {
		return record, err
	}
	if err := d.serveEdge(ctx, group); err != nil {
		return record, err
	}
	for name, server := range map[string]pulumirpc.ResourceProviderServer{"gcp": d.gcp, "kubernetes": d.kubernetes} {
		port, err := d.serveProvider(ctx, group, server)
		if err != nil {
			return record, err
		}
		record.Providers[name] = port
	}
	if record.Page, err = d.servePage(ctx, group); err != nil {
		return record, err
	}
	control, err := d.serveControl(ctx, group, record.Token)
	record.Control = control
	return record, err
}

func (d *Daemon) tls(at netip.AddrPort) (*tls.Config, error) {
	config, err := d.authority.ServerConfig([]string{"localhost"}, []netip.Addr{at.Addr()})
	if err != nil {
		return nil, fmt.Errorf("make the certificate for %s: %w", at, err)
	}
	return config, nil
}

func (d *Daemon) serveGRPC(ctx context.Context, group *errgroup.Group, at netip.AddrPort, register func(grpc.ServiceRegistrar), options ...grpc.ServerOption) error {
	config, err := d.tls(at)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", at.String())
	if err != nil {
		return fmt.Errorf("open %s: %w", at, err)
	}
	server := grpc.NewServer(append(options, grpc.Creds(credentials.NewTLS(config)))...)
	register(server)
	run(ctx, group, server, listener)
	return nil
}

// run serves until ctx ends.
func run(ctx context.Context, group *errgroup.Group, server *grpc.Server, listener net.Listener) {
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, grpc.ErrServerStopped) { // ctx has ended before this began
			return err
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		server.Stop()
		return nil
	})
}

func (d *Daemon) serveProvider(ctx context.Context, group *errgroup.Group, server pulumirpc.ResourceProviderServer) (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("open a provider's port: %w", err)
	}
	calls := grpc.NewServer(grpc.MaxRecvMsgSize(maxMessage), grpc.ChainUnaryInterceptor(d.operations.interceptor(), provider.DefaultDeadlines().Interceptor()))
	pulumirpc.RegisterResourceProviderServer(calls, server)
	// The engine speaks to a provider without any credential.
	run(ctx, group, calls, sameuser.Listener{Listener: listener, Log: d.log})
	return listener.Addr().(*net.TCPAddr).Port, nil
}

func (d *Daemon) serveHTTPS(ctx context.Context, group *errgroup.Group, at netip.AddrPort, handler http.Handler) error {
	config, err := d.tls(at)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", at.String())
	if err != nil {
		return fmt.Errorf("open %s: %w", at, err)
	}
	server := &http.Server{
		Handler: handler, TLSConfig: config, ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: slog.NewLogLogger(d.log.Handler(), slog.LevelDebug),
	}
	group.Go(func() error {
		if err := server.ServeTLS(listener, "", ""); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve %s: %w", at, err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		return server.Close()
	})
	return nil
}

// serveEdge opens the load balancer and keeps it in step with what is declared.
func (d *Daemon) serveEdge(ctx context.Context, group *errgroup.Group) (err error) {
	d.loadBalancer, err = loadbalancer.New(loadbalancer.Options{
		Address: d.options.Plan.Edge(),
		Issue:   d.issue,
		// Plain curl counts as a client in the first region that the policy allows.
		DefaultClient: loadbalancer.Client{Region: "US"},
		LogFile:       filepath.Join(d.options.Dir, "logs", "requests.jsonl"),
		Project:       cloudide.Project,
		Dial:          d.network.DialFrontEnd,
		Logger:        d.log,
	})
	if err != nil {
		return err
	}
	d.balancer = ingresscontroller.New(ingresscontroller.Options{
		Store: d.store, Pods: pods{d.kubelet}, LoadBalancer: d.loadBalancer,
		Armor: ingresscontroller.CloudArmor(cloudarmor.Options{}), Logger: d.log,
	})
	d.keepHistory(ctx, group)
	d.keepBook(ctx, group)
	group.Go(func() error { return d.loadBalancer.Serve(ctx) })
	group.Go(func() error { return d.balancer.Run(ctx) })
	d.runNetwork(ctx, group)
	d.runMonitoring(ctx, group)
	return nil
}

// pods shows the kubelet's pods to the load balancer.
type pods struct{ kubelet *kubelet.Kubelet }

// Pods lists the pods that can be given requests.
func (p pods) Pods() []ingresscontroller.Pod {
	var seen []ingresscontroller.Pod
	for _, pod := range p.kubelet.Pods() {
		seen = append(seen, ingresscontroller.Pod{
			Namespace: pod.Namespace, Name: pod.Name, Labels: pod.Labels, IP: pod.IP, Ports: pod.Ports,
			Ready: pod.Ready && !pod.Terminating,
		})
	}
	return seen
}

// Subscribe calls a function after every change of a pod.
func (p pods) Subscribe(notify func()) (unsubscribe func()) { return p.kubelet.Subscribe(notify) }
