package cloud

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// lockdownKey is the setting that shuts the license API.
const lockdownKey = "license-platform:platform.lockdown"

// selector finds the license API's pods, and own all that is the platform's in the cluster.
const (
	selector = "app=license-api"
	own      = "app.kubernetes.io/part-of=license-platform"
)

// Google is the stack on Google Cloud.
type Google struct {
	run        Runner
	kubeconfig string

	stack, project, instance, cluster, location, namespace, host, policy string
	// member is the fleet's membership through which the cluster is reached, nil for the
	// control plane itself.
	member *membership
}

// membership is a cluster's place in a fleet, whose project need not be the cluster's.
type membership struct{ project, location, name string }

var membershipForm = regexp.MustCompile(`^//gkehub\.googleapis\.com/projects/([^/]+)/locations/([^/]+)/memberships/([^/]+)$`)

var _ Cloud = (*Google)(nil)

// outputs are the stack outputs that say where everything is.
type outputs struct {
	SQLConnectionName string `json:"sqlConnectionName"`
	LicenseURL        string `json:"licenseUrl"`
	SecurityPolicy    string `json:"securityPolicy"`
	Cluster           string `json:"cluster"`
	ClusterLocation   string `json:"clusterLocation"`
	Namespace         string `json:"namespace"`
	FleetMembership   string `json:"fleetMembership"`
}

// NewGoogle asks the stack's state where everything is. kubeconfig is a file
// that only this response uses, so that the engineer's own stays as it is; the
// access to the cluster is written there.
func NewGoogle(ctx context.Context, run Runner, stack, kubeconfig string) (*Google, error) {
	g := &Google{run: run, kubeconfig: kubeconfig, stack: stack}
	var found outputs
	answer, err := g.ask(ctx, Command{Name: "pulumi", Args: []string{"stack", "output", "--json", "--stack", stack}})
	if err == nil {
		err = json.Unmarshal(answer, &found)
	}
	if err != nil {
		return nil, fmt.Errorf("read the outputs of stack %s: %w", stack, err)
	}
	// PROJECT:REGION:INSTANCE; an old project's id may hold a colon itself.
	parts := strings.Split(found.SQLConnectionName, ":")
	g.host = strings.TrimPrefix(found.LicenseURL, "https://")
	g.cluster, g.location, g.namespace, g.policy = found.Cluster, found.ClusterLocation, found.Namespace, found.SecurityPolicy
	if len(parts) < 3 || g.host == "" || g.cluster == "" || g.namespace == "" || g.policy == "" || g.location == "" {
		return nil, fmt.Errorf("stack %s does not say where everything is: sqlConnectionName %q, licenseUrl %q, cluster %q, clusterLocation %q, namespace %q, securityPolicy %q; was it ever deployed?",
			stack, found.SQLConnectionName, found.LicenseURL, found.Cluster, found.ClusterLocation, found.Namespace, found.SecurityPolicy)
	}
	if found.FleetMembership != "" {
		parts := membershipForm.FindStringSubmatch(found.FleetMembership)
		if parts == nil {
			return nil, fmt.Errorf("stack %s: fleetMembership %q is not a membership of a fleet", stack, found.FleetMembership)
		}
		g.member = &membership{project: parts[1], location: parts[2], name: parts[3]}
	}
	g.project, g.instance = strings.Join(parts[:len(parts)-2], ":"), parts[len(parts)-1]
	return g, nil
}

func (g *Google) ask(ctx context.Context, c Command) ([]byte, error) {
	var out bytes.Buffer
	err := g.run(ctx, c, &out)
	return out.Bytes(), err
}

// Evidence takes first what a restart or a rollout would destroy, then what
// Google keeps.
func (g *Google) Evidence(since time.Time) []Action {
	from := since.UTC().Format(time.RFC3339)
	logs := func(filter string) Command {
		return g.gcloud("logging", "read", filter+` AND timestamp>="`+from+`"`, "--order=asc", "--format=json")
	}
	access := g.access()
	return []Action{
		inOrder(g.run, Action{
			Name: "pod-logs", Does: "what the license API's pods wrote", File: "pod-logs.txt", Timeout: 3 * time.Minute,
		}, access, g.kubectl("logs", "--selector="+selector, "--all-containers", "--prefix", "--timestamps", "--tail=-1", "--since-time="+from, "--max-log-requests=50")),
		inOrder(g.run, Action{
			Name: "objects", Does: "the platform's pods and workloads as they are; no Secrets", File: "objects.json", Timeout: 2 * time.Minute,
		}, access, g.kubectl("get", "pods,deployments,replicasets,jobs,services,endpointslices,serviceaccounts", "--selector="+own, "--output=json")),
		inOrder(g.run, Action{
			// An intruder's pod has no label of the platform's. Variables of others may hold
			// passwords, which are not evidence.
			Name: "neighbours", Does: "names, images and addresses of all that runs in the namespace", File: "neighbours.txt", Timeout: 2 * time.Minute,
		}, access, g.kubectl("get", "pods,deployments,replicasets,jobs,services,serviceaccounts", "--output=wide")),
		inOrder(g.run, Action{
			Name: "routes", Does: "the namespace's routes and NetworkPolicies", File: "routes.json", Timeout: 2 * time.Minute,
		}, access, g.kubectl("get", "ingresses,networkpolicies", "--output=json")),
		inOrder(g.run, Action{
			Name: "events", Does: "events of the namespace; the cluster forgets them after an hour", File: "events.json", Timeout: time.Minute,
		}, access, g.kubectl("get", "events", "--sort-by=.metadata.creationTimestamp", "--output=json")),
		inOrder(g.run, Action{
			Name: "load-balancer", Does: "every request to the license host, with Cloud Armor's decision", File: "load-balancer.json", Timeout: 5 * time.Minute,
		}, logs(`resource.type="http_load_balancer" AND httpRequest.requestUrl:"://`+g.host+`/"`)),
		inOrder(g.run, Action{
			Name: "audit-trail", Does: "who did what in the project: changes, rights, keys and secrets", File: "audit-trail.json", Timeout: 5 * time.Minute,
		}, logs(`logName:"cloudaudit.googleapis.com"`)),
		inOrder(g.run, Action{
			Name: "database-log", Does: "connections and statements that the database logged", File: "database-log.json", Timeout: 5 * time.Minute,
		}, logs(`resource.type="cloudsql_database" AND resource.labels.database_id="`+g.project+":"+g.instance+`"`)),
		inOrder(g.run, Action{
			Name: "rights", Does: "who may do what in the project", File: "rights.json", Timeout: time.Minute,
		}, g.gcloud("projects", "get-iam-policy", g.project, "--format=json")),
		inOrder(g.run, Action{
			Name: "security-policy", Does: "the Cloud Armor rules before the lockdown", File: "security-policy.json", Timeout: time.Minute,
		}, g.gcloud("compute", "security-policies", "describe", g.policy, "--format=json")),
		inOrder(g.run, Action{
			Name: "state", Does: "the stack's state before the lockdown; secrets in it are encrypted", File: "state.json", Timeout: 2 * time.Minute,
		}, Command{Name: "pulumi", Args: []string{"stack", "export", "--stack", g.stack}}),
	}
}

// Backup makes an on-demand backup, which stays until somebody deletes it.
// https://cloud.google.com/sql/docs/postgres/backup-recovery/backing-up
func (g *Google) Backup(reason string) Action {
	return inOrder(g.run, Action{
		Name: "backup", Does: "an on-demand backup of the database", File: "backup.json", Timeout: 30 * time.Minute,
	}, g.gcloud("sql", "backups", "create", "--instance="+g.instance, "--description="+reason, "--format=json"))
}

// Lockdown sets the stack's own setting and runs an update, so that nothing
// differs from what is declared and taking it back restores what was. Another
// update that holds the stack's lock loses it, so that the lockdown does not wait for it
// (https://www.pulumi.com/docs/iac/cli/commands/pulumi_cancel/).
func (g *Google) Lockdown() Action {
	a := inOrder(g.run, Action{
		Name: "lockdown", Does: "refuse the license host at the edge, suspend sign-in, stop signing; the IDE goes on", File: "lockdown.txt", Timeout: 15 * time.Minute,
	}, g.set("true"), g.update())
	lockDown := a.Do
	a.Do = func(ctx context.Context, out io.Writer) error {
		err := lockDown(ctx, out)
		if err == nil || !heldByAnother(err) {
			return err
		}
		if _, err := fmt.Fprintf(out, "%v\n\n%s\n\n", err, otherGoesOn); err != nil {
			return err
		}
		if err := g.run(ctx, g.cancel(), out); err != nil {
			return fmt.Errorf("take the lock from the update that holds the stack: %w", err)
		}
		return g.run(ctx, g.update(), out)
	}
	return a
}

// otherGoesOn is what a person has to do after another update has lost its lock. Where the state
// is in a bucket, `pulumi cancel` deletes the lock and ends no process; a lock is looked at when an
// update begins, and not when it writes its state
// (CancelCurrentUpdate and Lock, https://github.com/pulumi/pulumi/tree/v3.250.0/pkg/backend/diy).
const otherGoesOn = "It loses its lock, because a lockdown does not wait. Its process goes on, and may write its own state over the lockdown's: " +
	"stop it, which is a run of the pipeline or the process that is named above. When it has ended, run pulumi up once more with the lockdown still set. " +
	"Where that says that something exists already, run the import that it prints, and pulumi up again. Otherwise the lockdown's rule stays when you take the lockdown back."

// heldByAnother tells that another update of the stack is under way: in a bucket, or
// in Pulumi Cloud (IsConcurrentUpdateError of
// github.com/pulumi/pulumi/sdk/v3/go/auto).
func heldByAnother(err error) bool {
	return strings.Contains(err.Error(), "the stack is currently locked by") || strings.Contains(err.Error(), "Another update is currently in progress")
}

// Verify asks as any client would; Google's edge learns of a rule within
// minutes (https://cloud.google.com/armor/docs/security-policy-overview).
func (g *Google) Verify() Action {
	return verifyLockdown(5*time.Minute, g.host, func() (*http.Client, error) {
		return &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{Proxy: http.ProxyFromEnvironment}}, nil
	})
}

// Undo takes the setting back.
func (g *Google) Undo() []Command { return []Command{g.set("false"), g.update()} }

func (g *Google) set(value string) Command {
	return Command{Name: "pulumi", Args: []string{"config", "set", "--path", lockdownKey, value, "--stack", g.stack}}
}

func (g *Google) update() Command {
	return Command{Name: "pulumi", Args: []string{"up", "--stack", g.stack, "--yes", "--skip-preview", "--non-interactive", "--diff"}}
}

func (g *Google) cancel() Command {
	return Command{Name: "pulumi", Args: []string{"cancel", "--stack", g.stack, "--yes", "--non-interactive"}}
}

func (g *Google) gcloud(args ...string) Command {
	return Command{Name: "gcloud", Args: append(args, "--project="+g.project, "--quiet")}
}

// access writes the access to the cluster into this response's own file. A control plane that
// is reached through a fleet need not answer to the engineer's machine
// (https://cloud.google.com/kubernetes-engine/enterprise/multicluster-management/gateway/using).
func (g *Google) access() Command {
	c := g.gcloud("container", "clusters", "get-credentials", g.cluster, "--location="+g.location)
	if m := g.member; m != nil {
		c.Args = []string{"container", "fleet", "memberships", "get-credentials", m.name, "--location=" + m.location, "--project=" + m.project, "--quiet"}
	}
	c.Env = []string{"KUBECONFIG=" + g.kubeconfig}
	return c
}

func (g *Google) kubectl(args ...string) Command {
	return Command{Name: "kubectl", Args: append(args, "--namespace="+g.namespace), Env: []string{"KUBECONFIG=" + g.kubeconfig}}
}
