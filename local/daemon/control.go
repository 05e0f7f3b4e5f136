package daemon

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/coditect-ai/license-platform/emulator/cloudide"
	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/local/cluster/dataplane"
	"github.com/coditect-ai/license-platform/local/edge/ingresscontroller"
	"github.com/coditect-ai/license-platform/local/google/identity"
	"github.com/coditect-ai/license-platform/local/google/monitoring"
)

// Status is what the daemon tells about the cloud.
type Status struct {
	PID int `json:"pid"`
	// Resources counts what the program declared, by type.
	Resources map[string]int `json:"resources"`
	// Existing counts the resources that existed before, by type.
	Existing map[string]int `json:"existing"`
	Pods     []Pod          `json:"pods"`
	// Addresses are the addresses of the parts that emulate each resource type.
	Addresses map[string]string `json:"addresses"`
	// SQLAuthority is the PEM of who signs the certificate of the stack's database.
	SQLAuthority string                   `json:"sqlAuthority,omitempty"`
	Edge         ingresscontroller.Status `json:"edge"`
	// Network tells how NetworkPolicies are enforced and what they denied.
	Network dataplane.Status `json:"network"`
	// Changing is the command that changes the cloud now, and since when; empty when none does.
	Changing string `json:"changing,omitempty"`
	// Unfinished is a change of the stack that failed or was interrupted; empty while a command
	// changes it, and when the last one came to its end.
	Unfinished string `json:"unfinished,omitempty"`
	// Drifted lists changes that were made without Pulumi and are not undone yet.
	Drifted []string `json:"drifted,omitempty"`
	// Notices say how the stack is meant to differ from every day: a lockdown.
	Notices []string `json:"notices,omitempty"`
	// Suspended says what the settings take away on purpose, without a lockdown.
	Suspended []string `json:"suspended,omitempty"`
	// Rights are what workloads need and nobody grants.
	Rights []string `json:"rights,omitempty"`
	// Refusals are the latest calls that IAM did not allow, the newest first.
	Refusals []Refusal `json:"refusals,omitempty"`
	// Problems are what could not be brought back at the start.
	Problems []string `json:"problems,omitempty"`
	// Disk says that the folder's disk is full; empty when it is not.
	Disk string `json:"disk,omitempty"`
	// Faults are the parts that were made to fail.
	Faults []string `json:"faults,omitempty"`
	// Monitoring tells which alerts fire.
	Monitoring monitoring.Status `json:"monitoring"`
}

// Pod is a pod in the daemon's status.
type Pod struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Owner     string `json:"owner,omitempty"`
	IP        string `json:"ip"`
	// Ports are its ports by name.
	Ports map[string]int32 `json:"ports,omitempty"`
	Phase string           `json:"phase"`
	Ready bool             `json:"ready"`
	// Terminating says that it is on its way out.
	Terminating bool   `json:"terminating,omitempty"`
	Restarts    int    `json:"restarts"`
	Message     string `json:"message,omitempty"`
	Log         string `json:"log,omitempty"`
}

// TokenRequest is a request for an ID token.
type TokenRequest struct {
	// Project is the token's audience.
	Project string        `json:"project"`
	Tenant  string        `json:"tenant"`
	User    string        `json:"user"`
	Role    string        `json:"role"`
	Groups  []string      `json:"groups,omitempty"`
	TTL     time.Duration `json:"ttl"`
}

func (d *Daemon) serveControl(ctx context.Context, group *errgroup.Group, token string) (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("open the control interface: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) { reply(w, d.status(), nil) })
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		var wanted TokenRequest
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&wanted); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		minted, err := d.mint(wanted)
		reply(w, minted, err)
	})
	d.drills(ctx, mux)
	d.watches(mux)
	mux.HandleFunc("POST /stop", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, "stopping", nil)
		d.stop()
	})
	server := &http.Server{Handler: guarded(token, mux), ReadHeaderTimeout: 10 * time.Second}
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve the control interface: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if server.Shutdown(grace) != nil {
			return server.Close()
		}
		return nil
	})
	return listener.Addr().String(), nil
}

// guarded lets only those in who can read the daemon's record.
func guarded(token string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte("Bearer "+token)) != 1 {
			http.Error(w, "this is the embedded cloud's control interface; it needs the token in daemon.json", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func reply(w http.ResponseWriter, value any, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value) // a caller that is gone needs no answer
}

func (d *Daemon) status() Status {
	s := Status{
		PID: os.Getpid(), Resources: map[string]int{}, Existing: map[string]int{}, Addresses: map[string]string{},
		Edge: d.balancer.Status(), Network: d.network.Status(), Faults: d.faults.names(), Monitoring: d.monitoring.Status(context.Background()),
		Drifted: d.drifts.left(d.store), Notices: d.notices(), Suspended: d.suspensions(),
		Rights: d.missingRights(), Refusals: d.refusals.latest(), Disk: fullDisk(d.options.Dir),
	}
	for _, r := range d.store.List() {
		if r.URN == "" {
			s.Existing[r.Type]++
			continue
		}
		s.Resources[r.Type]++
	}
	for _, p := range d.kubelet.Pods() {
		s.Pods = append(s.Pods, Pod{
			Namespace: p.Namespace, Name: p.Name, Owner: p.Owner, IP: shown(p.IP), Ports: p.Ports, Phase: p.Phase, Ready: p.Ready, Terminating: p.Terminating,
			Restarts: p.Restarts, Message: p.Message, Log: p.LogPath,
		})
	}
	d.addresses(s.Addresses)
	s.SQLAuthority = d.sqlAuthority()
	if h, is := changing(d.options.Dir); is {
		s.Changing = fmt.Sprintf("'%s' since %s", h.Command, h.Since.Local().Format(time.TimeOnly))
	} else {
		s.Unfinished = unfinished(d.options.Dir)
	}
	d.mu.Lock()
	s.Problems = slices.Clone(d.problems)
	if d.endedServers != nil {
		s.Problems = append(s.Problems, d.endedServers.Error())
	}
	d.mu.Unlock()
	return s
}

func (d *Daemon) addresses(at map[string]string) {
	plan := d.options.Plan
	at["edge"], at["kms"], at["secretManager"] = plan.Edge().String(), plan.KMS().String(), plan.SecretManager().String()
	at["monitoring"] = netip.AddrPortFrom(plan.Monitoring(), monitoring.PrometheusPort).String()
	at["identity"], at["registry"], at["sqlAdmin"] = plan.Identity().String(), plan.Registry().String(), plan.SQLAdmin().String()
	for _, r := range d.store.List(gcp.TypeCluster) {
		at["control"] = provider.Properties(r.Outputs).Text("endpoint") + ":443"
	}
	for _, r := range d.store.List(gcp.TypeDatabaseInstance) {
		if r.ID == cloudide.Database {
			continue
		}
		at["sql"] = provider.Properties(r.Outputs).Text("privateIpAddress") + ":5432"
	}
	for _, r := range d.store.List(gcp.TypeRedisInstance) {
		outputs := provider.Properties(r.Outputs)
		port, _ := outputs.Number("port")
		at["redis"] = fmt.Sprintf("%s:%.0f", outputs.Text("host"), port)
	}
}

// sqlAuthority is empty without a database of the stack's.
func (d *Daemon) sqlAuthority() (pem string) {
	for _, r := range d.store.List(gcp.TypeDatabaseInstance) {
		if r.ID == cloudide.Database {
			continue
		}
		pem = provider.Properties(r.Outputs).Text("serverCaCerts.0.cert")
	}
	return pem
}

// mint signs a token. A tenant that the stack does not declare is somebody
// else's in the same project: the token is good, and the API does not know it.
func (d *Daemon) mint(wanted TokenRequest) (string, error) {
	if wanted.Project == "" {
		wanted.Project = cloudide.Project
	}
	tenants, err := d.issuer.Tenants()
	if err != nil {
		return "", err
	}
	known := slices.ContainsFunc(tenants, func(t identity.Tenant) bool {
		return t.Project == wanted.Project && (t.ID == wanted.Tenant || t.DisplayName == wanted.Tenant)
	})
	if !known && wanted.Tenant != "" {
		stranger := identity.Tenant{Project: wanted.Project, ID: identity.TenantID(wanted.Project, wanted.Tenant), DisplayName: wanted.Tenant}
		if _, err := d.issuer.PutTenant(stranger); err != nil {
			return "", err
		}
	}
	return d.issuer.Mint(identity.Claims{
		Project: wanted.Project, Tenant: wanted.Tenant, User: wanted.User, Email: wanted.User + "@example.com", Role: wanted.Role, Groups: wanted.Groups, TTL: wanted.TTL,
	})
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove %s: %w", path, err)
	}
	return nil
}

// shown is a pod's address, empty once a finished pod has given it back.
func shown(address netip.Addr) string {
	if !address.IsValid() {
		return ""
	}
	return address.String()
}
