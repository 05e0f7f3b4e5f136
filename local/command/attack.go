package command

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/coditect-ai/license-platform/emulator/cloudide"
	"github.com/coditect-ai/license-platform/local/cluster/dataplane"
	"github.com/coditect-ai/license-platform/local/cluster/sandbox"
	"github.com/coditect-ai/license-platform/local/daemon"
	"github.com/coditect-ai/license-platform/local/google/identity"
	"github.com/coditect-ai/license-platform/local/report/layer"
	"github.com/coditect-ai/license-platform/local/scenario/attack"
)

// apiAccount is the id of the API's Google service account.
const apiAccount = "license-api"

// rivalTenant is the other tenant of the local stack, and its licence.
const rivalTenant = "rival"

func (a *app) attack() *cobra.Command {
	return &cobra.Command{
		Use:   "attack",
		Short: "Attack the running stack, and show what stops each attempt",
		Args:  noWords,
		RunE: func(command *cobra.Command, _ []string) error {
			ctx := command.Context()
			client, err := a.connect(command)
			if err != nil {
				return err
			}
			dir, err := a.folder()
			if err != nil {
				return err
			}
			if err := a.healthy(ctx, client); err != nil {
				return err
			}
			target, err := targetOf(ctx, dir, client)
			if err != nil {
				return err
			}
			defer target.Close()
			all := attack.All()
			if target.Inside == nil {
				a.out.say("%s attacks from within pods are left out: pods have no network of their own here", a.out.red("warning:"))
				all = attack.Outside()
			}
			a.announce(ctx, client, "attack")
			return a.report(ctx, target, all)
		},
	}
}

// healthy refuses to attack what is made to fail: what is down stops attacks, too,
// and proves nothing.
func (a *app) healthy(ctx context.Context, client *daemon.Client) error {
	status, err := client.Status(ctx)
	if err != nil {
		return err
	}
	if len(status.Faults) > 0 {
		return fmt.Errorf("%s is made to fail, and a fault stops attacks, too: run '%s heal' first", strings.Join(status.Faults, ", "), self())
	}
	return nil
}

func (a *app) report(ctx context.Context, target *attack.Target, all []attack.Attack) error {
	rows := [][]string{{"ATTACK", "LAYER", "BY", "ANSWER", ""}}
	results := attack.Run(ctx, target, all, func(r attack.Result) {
		if !r.OK() {
			a.out.say("%s: %s", r.Attack.Name, r.Verdict())
		}
		rows = append(rows, row(r))
	})
	a.out.table(rows)
	a.out.line("")
	if ctx.Err() != nil {
		return fmt.Errorf("%w after %d of %d attacks", errStopped, len(results), len(all))
	}
	if failed := attack.Failed(results); len(failed) > 0 {
		return fmt.Errorf("%d of %d attacks did not end as they have to", len(failed), len(results))
	}
	a.out.line("%s: each of %d attacks ended where it has to, as the evidence shows; '%s status' names the page with every request", a.out.green("held"), len(results), self())
	return nil
}

func row(r attack.Result) []string {
	where := "-"
	if r.Finding.Layer != attack.Nobody {
		where = fmt.Sprintf("%d %s", r.Finding.Layer, layer.Name(r.Finding.Layer))
	}
	by := r.Finding.Rule
	if by == "" {
		by = r.Finding.Why
	}
	verdict := r.Verdict()
	if r.Late > 0 {
		verdict += fmt.Sprintf(" (try %d: the service was late or down before)", r.Late+1)
	}
	return []string{r.Attack.Name, where, by, r.Finding.Status, verdict}
}

// targetOf reads where everything is.
func targetOf(ctx context.Context, dir string, client *daemon.Client) (*attack.Target, error) {
	var e endpoints
	content, err := os.ReadFile(filepath.Join(dir, endpointsFile))
	if err == nil {
		err = json.Unmarshal(content, &e)
	}
	if err != nil {
		return nil, fmt.Errorf("read the addresses of the embedded cloud: %w; 'make up' writes them when it has finished", err)
	}
	authority, err := os.ReadFile(e.CA)
	if err != nil {
		return nil, fmt.Errorf("read the local certificate authority: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) {
		return nil, errors.New("the local certificate authority's file holds no certificate: " + e.CA)
	}
	edge, err := netip.ParseAddrPort(strings.TrimPrefix(e.Edge, "https://"))
	if err != nil {
		return nil, fmt.Errorf("read the load balancer's address: %w", err)
	}
	status, err := client.Status(ctx)
	if err != nil {
		return nil, err
	}
	at, sqlRoots := status.Addresses, x509.NewCertPool()
	if !sqlRoots.AppendCertsFromPEM([]byte(status.SQLAuthority)) {
		return nil, errors.New("the database's certificate authority is not known")
	}
	target := &attack.Target{
		Dir: dir, Edge: edge, Roots: roots, LicenseHost: e.Hosts["licenses"], IDEHost: e.Hosts["api"],
		Tenant: e.Tenant, License: e.License, Rival: rivalTenant, RivalLicense: rivalTenant,
		Token: func(ctx context.Context, who attack.Identity) (string, error) {
			return client.Token(ctx, daemon.TokenRequest{Project: who.Project, Tenant: who.Tenant, User: who.User, Role: who.Role, TTL: who.TTL})
		},
		KeysURL: "https://" + at["identity"] + identity.KeysPath, Requests: client.Requests,
		SQL: at["sql"], SQLRoots: sqlRoots, SQLAdmin: at["sqlAdmin"], Redis: at["redis"], KMS: at["kms"], KeyVersion: e.KeyVersion,
	}
	if status.Network.Warning != "" {
		return target, nil
	}
	return target, inside(target, client, status)
}

// inside finds the pods that attacks start from.
func inside(target *attack.Target, client *daemon.Client, status daemon.Status) error {
	for _, p := range status.Pods {
		ip, err := netip.ParseAddr(p.IP)
		if err != nil || !p.Ready {
			continue
		}
		found := attack.Pod{IP: ip, HTTP: uint16(p.Ports["http"]), Metrics: uint16(p.Ports["metrics"])}
		switch {
		case strings.HasPrefix(p.Owner, "Deployment/"):
			target.API = found
		case strings.HasPrefix(p.Name, cloudide.API):
			target.IDE = found
		}
	}
	if !target.API.IP.IsValid() || !target.IDE.IP.IsValid() {
		return errors.New("find the pods to attack from: the API or the IDE has no pod that is ready")
	}
	control, err := netip.ParseAddrPort(status.Addresses["control"])
	if err != nil {
		return fmt.Errorf("find the cluster's control plane: %w", err)
	}
	target.Metadata = client.Record.Plan.Metadata()
	target.Control, target.Account = control, apiAccount+"@"+cloudide.Project+".iam.gserviceaccount.com"
	target.Inside = func(ctx context.Context, from netip.Addr, to netip.AddrPort, words string) (dataplane.Outcome, error) {
		return client.Attempt(ctx, daemon.AttemptRequest{From: from, To: to, Words: dataplane.Octets(words)})
	}
	target.Daemon, target.Commands = status.PID, client.Record.Control
	target.Intrude = func(ctx context.Context, pod netip.Addr, move sandbox.Move) (sandbox.Result, error) {
		return client.Intrude(ctx, daemon.IntrudeRequest{Pod: pod, Move: move})
	}
	return nil
}
