package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/docs/playbooks"
	"github.com/coditect-ai/license-platform/local/cluster/dataplane"
	"github.com/coditect-ai/license-platform/local/cluster/kubelet"
	"github.com/coditect-ai/license-platform/local/google/audit"
	"github.com/coditect-ai/license-platform/local/google/monitoring"
	"github.com/coditect-ai/license-platform/local/report/page"
	"github.com/coditect-ai/license-platform/local/scenario/fault"
)

func TestTheConsoleTellsEverythingThatTheStatusTells(t *testing.T) {
	t.Parallel()
	kinds := func(s Status) (all []page.Kind) {
		for _, c := range s.Conditions() {
			all = append(all, c.Kind)
		}
		return all
	}
	well := Status{Resources: map[string]int{"t": 1}}
	well.Edge.Synced = true
	assert.Empty(t, kinds(well))
	for name, test := range map[string]struct {
		change func(*Status)
		want   page.Kind
	}{
		"what could not be brought back":               {func(s *Status) { s.Problems = []string{"x"} }, page.Problem},
		"an update that failed half-way":               {func(s *Status) { s.Unfinished = "x" }, page.Problem},
		"a load balancer that serves something else":   {func(s *Status) { s.Edge.Synced = false }, page.Problem},
		"a rule that is missing":                       {func(s *Status) { s.Network.Missing = []string{"x"} }, page.Problem},
		"a declared pod that is not ready":             {func(s *Status) { s.Pods = []Pod{{Owner: "Deployment/a", Phase: "Pending"}} }, page.Problem},
		"alerts that are not evaluated":                {func(s *Status) { s.Monitoring.Down = "x" }, page.Problem},
		"a part that is made to fail":                  {func(s *Status) { s.Faults = []string{"kms"} }, page.Fault},
		"an alert that fires":                          {func(s *Status) { s.Monitoring.Incidents = []monitoring.Incident{{State: monitoring.Firing}} }, page.Firing},
		"a change behind Pulumi's back":                {func(s *Status) { s.Drifted = []string{"x"} }, page.Drift},
		"a lockdown":                                   {func(s *Status) { s.Notices = []string{"x"} }, page.Lockdown},
		"what is suspended on purpose":                 {func(s *Status) { s.Suspended = []string{"x"} }, page.Suspended},
		"an update that is not over":                   {func(s *Status) { s.Changing = "x" }, page.Change},
		"policies that hold at the load balancer only": {func(s *Status) { s.Network.Warning = "x" }, page.Limit},
		"an alert that is not acted out":               {func(s *Status) { s.Monitoring.Problems = []string{"x"} }, page.Limit},
	} {
		s := well
		test.change(&s)
		assert.Equal(t, []page.Kind{test.want}, kinds(s), name)
	}
	pending := well
	pending.Monitoring.Incidents = []monitoring.Incident{{State: monitoring.Pending}}
	assert.Empty(t, kinds(pending), "what may fire does not")
	made := well
	made.Faults, made.Pods = []string{"api"}, []Pod{{Owner: "Deployment/a", Phase: "CrashLoopBackOff"}}
	assert.Equal(t, []page.Kind{page.Fault}, kinds(made), "what is meant is no problem")
	made.Faults = []string{"certificate", "seats"}
	assert.Equal(t, []page.Kind{page.Problem, page.Fault, page.Fault}, kinds(made), "a fault that no pod notices is no reason")
}

func TestWhatRepairsADriftEndsNoLockdown(t *testing.T) {
	t.Parallel()
	for want, s := range map[string]Status{
		"make up": {},
		"go run ./local up --config platform.lockdown=true":                                                {Notices: []string{"locked down: …"}},
		"go run ./local up --config identity.signingSuspended=true":                                        {Suspended: []string{"signing is suspended; an update without identity.signingSuspended ends it"}},
		"go run ./local up --config identity.signInSuspended=true --config identity.signingSuspended=true": {Suspended: []string{"without identity.signInSuspended", "without identity.signingSuspended"}},
	} {
		s.Drifted = []string{"x"}
		assert.Equal(t, "go run ./local refresh && "+want, s.Conditions()[0].Next)
	}
}

func TestAnAlertLeadsToItsPlaybook(t *testing.T) {
	t.Parallel()
	found := alerts(monitoring.Status{Incidents: []monitoring.Incident{
		{
			Alert: "KeyDestroyed", Playbook: "https://example.com/docs/playbooks/key-version-destroyed.md", State: monitoring.Firing,
			Labels: map[string]string{"project_id": "p", "pod": "a", "monitored_resource": "m"},
		},
		{Alert: "Soon", State: monitoring.Pending},
	}})
	require.Len(t, found, 2)
	assert.True(t, found[0].Firing)
	assert.False(t, found[1].Firing)
	assert.Equal(t, "pod a", found[0].About)
	text, known := consoleData{}.Playbook(found[0].Playbook)
	assert.True(t, known)
	assert.Contains(t, text, "# ")
	for _, name := range []string{"", ".", "../local.md", "/etc/passwd", "playbooks.go", "nothing.md"} {
		_, known := consoleData{}.Playbook(name)
		assert.False(t, known, name)
	}
	files, err := playbooks.Files.ReadDir(".")
	require.NoError(t, err)
	assert.GreaterOrEqual(t, len(files), 18)
}

func TestMarksAreWhatPeopleDidAndWhatAlertsToldOnce(t *testing.T) {
	t.Parallel()
	var m timelineMarks
	for i := range maxMoments + 50 {
		m.add("command", fmt.Sprint(i))
	}
	kept := m.all()
	assert.Len(t, kept, maxMoments, "the oldest go")
	assert.Equal(t, "50", kept[0].Text)

	at := time.Date(2026, 11, 28, 17, 0, 0, 0, time.UTC)
	told := monitoring.Notification{Time: at, State: monitoring.Firing, Alert: "KeyDestroyed", To: "a@example.com"}
	other := told
	other.To = "b@example.com"
	ended := told
	ended.Time, ended.State = at.Add(time.Minute), monitoring.Resolved
	assert.Equal(t, []page.Mark{
		{At: at.Add(time.Minute), Kind: "resolved", Text: "KeyDestroyed has ended"},
		{At: at, Kind: "alert", Text: "KeyDestroyed fires"},
		{At: at.Add(-time.Minute), Kind: "fault", Text: "kms is made to fail"},
	}, marks([]page.Mark{{At: at.Add(-time.Minute), Kind: "fault", Text: "kms is made to fail"}}, []monitoring.Notification{ended, told, other}))
	assert.NotNil(t, marks(nil, nil), "JSON has a list")
}

func TestOnlyCommandsThatAreKnownAreMarked(t *testing.T) {
	t.Parallel()
	d := &Daemon{}
	for body, want := range map[string]int{`"up"`: 200, `"<b>"`: 400, `{`: 400, `"` + strings.Repeat("x", 5000) + `"`: 400} {
		w := httptest.NewRecorder()
		d.begin(w, httptest.NewRequest(http.MethodPost, "/begin", strings.NewReader(body)))
		assert.Equal(t, want, w.Code, body[:min(len(body), 20)])
	}
	require.Len(t, d.timelineMarks.all(), 1)
	assert.Equal(t, "up", d.timelineMarks.all()[0].Text)
}

func TestOperationsAreKeptWithoutWhatTheySet(t *testing.T) {
	t.Parallel()
	var o operations
	const urn = "urn:pulumi:local::license-platform::a:b:C$gcp:secretmanager/secretVersion:SecretVersion::stores-password"
	call := func(request any, method string, err error) {
		_, _ = o.interceptor()(t.Context(), request, &grpc.UnaryServerInfo{FullMethod: "/pulumirpc.ResourceProvider/" + method}, func(context.Context, any) (any, error) {
			return nil, err
		})
	}
	call(&pulumirpc.CreateRequest{Urn: urn, Preview: true}, "Create", nil)
	call(&pulumirpc.CheckRequest{Urn: urn}, "Check", nil)
	call(&pulumirpc.CreateRequest{Urn: urn}, "Create", nil)
	call(&pulumirpc.DeleteRequest{Urn: urn}, "Delete", status.Error(codes.FailedPrecondition, "the password is hunter2"))
	call(&pulumirpc.UpdateRequest{Urn: "strange"}, "Update", errors.New("hunter2"))
	all := o.all()
	require.Len(t, all, 3, "a preview and a check change nothing")
	assert.Equal(t, "create", all[0].Action)
	assert.Equal(t, "SecretVersion stores-password", all[0].On)
	assert.Equal(t, "failedprecondition", all[1].Outcome)
	assert.True(t, all[1].Bad)
	text, err := json.Marshal(all)
	require.NoError(t, err)
	assert.NotContains(t, string(text), "hunter2")
	for range 2 * maxOperations {
		call(&pulumirpc.CreateRequest{Urn: urn}, "Create", nil)
	}
	assert.Len(t, o.all(), maxOperations)
}

func TestTheTopologyShowsWhatIsAllowedAndWhatWasDropped(t *testing.T) {
	t.Parallel()
	pod := func(name, owner string, ready bool) kubelet.Pod {
		return kubelet.Pod{Namespace: "coditect-app", Name: name, Owner: owner, Ready: ready, Phase: kubelet.Running}
	}
	done := pod("license-migrate-1", "Job/license-migrate", false)
	done.Phase = kubelet.Succeeded
	names := kubelet.Pod{Namespace: "kube-system", Name: "kube-dns-0", Ready: true, Labels: map[string]string{"k8s-app": "kube-dns"}}
	reach := dataplane.Reach{
		Links: []dataplane.Link{
			{From: dataplane.FrontEnds, To: "coditect-app/license-api", Port: 8000},
			{From: "coditect-app/license-api", To: "Memorystore seats", Port: 6378},
			{From: "coditect-app/license-api", To: "kube-system/kube-dns", Port: 53},
			{From: "kube-system/kube-dns", To: "Artifact Registry", Port: 5000},
			{From: dataplane.FrontEnds, To: "kube-system/kube-dns", Port: 53},
		},
		Drops: []dataplane.Drop{{From: "default/intruder", To: "coditect-app/license-api", Count: 3, Trial: true, Text: "why"}, {From: "coditect-app/license-api", To: "8.8.8.8:53", Count: 1}},
	}
	services := []dataplane.Service{
		{Name: "Memorystore seats", Address: netip.MustParseAddrPort("127.0.0.2:6378")},
		{Name: "Artifact Registry", Address: netip.MustParseAddrPort("127.0.0.2:5000")},
		{Name: "Service license-api", Address: netip.MustParseAddrPort("34.1.1.1:80"), Behind: netip.MustParseAddrPort("127.0.0.9:8000")},
	}
	found := topology(reach, []kubelet.Pod{
		pod("license-api-1", "Deployment/license-api", true), pod("license-api-2", "Deployment/license-api", false), pod("coditect-frontend-0", "", true), done, names,
	}, services, map[string]bool{fault.Redis: true})
	nodes := map[string]page.Node{}
	for _, n := range found.Nodes {
		nodes[n.ID] = n
	}
	assert.Equal(t, 1, nodes["coditect-app/license-api"].Ready)
	assert.Equal(t, 2, nodes["coditect-app/license-api"].Total)
	assert.True(t, nodes["coditect-app/coditect-frontend"].Foreign)
	assert.True(t, nodes["Memorystore seats"].Down)
	assert.Equal(t, kindService, nodes["kube-system/kube-dns"].Kind)
	assert.Equal(t, "is gone", nodes["default/intruder"].Where)
	for _, absent := range []string{"coditect-app/license-migrate", "Artifact Registry", "Service license-api", dataplane.Machine} {
		assert.NotContains(t, nodes, absent, "nobody talks to it, or it has ended")
	}
	assert.Contains(t, found.Edges, page.Edge{From: "default/intruder", To: "coditect-app/license-api", Ports: []string{}, Dropped: 3, Trial: true})
	assert.Contains(t, found.Edges, page.Edge{From: "coditect-app/license-api", To: "Memorystore seats", Ports: []string{"6378"}})
	assert.Contains(t, found.Edges, page.Edge{From: "coditect-app/license-api", To: elsewhere, Ports: []string{}, Dropped: 1})
	assert.Len(t, found.Edges, 5, "kube-dns asks nobody, and the load balancer does not ask it")
	require.Len(t, found.Denied, 2)
	assert.Equal(t, found, topology(reach, []kubelet.Pod{
		pod("license-api-1", "Deployment/license-api", true), pod("license-api-2", "Deployment/license-api", false), pod("coditect-frontend-0", "", true), done, names,
	}, services, map[string]bool{fault.Redis: true}), "the same world is drawn in the same order")
}

func TestTheAuditTrailIsReadFromAllThree(t *testing.T) {
	t.Parallel()
	log, err := audit.Open(filepath.Join(t.TempDir(), "audit.jsonl"), "p")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, log.Close()) })
	require.NoError(t, log.Write(audit.Call{
		Log: audit.DataAccess, Service: "cloudkms.googleapis.com", Method: "AsymmetricSign", Resource: "projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1",
		Principal: "api@p", Code: codes.PermissionDenied,
	}))
	signed := cloudEntry(log.Recent()[0])
	assert.WithinDuration(t, time.Now(), signed.At, time.Minute)
	assert.Equal(t, "AsymmetricSign", signed.Action)
	assert.Equal(t, "k/cryptoKeyVersions/1", signed.On)
	assert.True(t, signed.Bad)
	assert.Equal(t, "PermissionDenied", signed.Outcome)

	refused := ledgerEntry(event{app.Event{Action: app.ActionRefuse, License: "demo", Code: app.CodeForbidden, Detail: "POST /v1/licenses", Origin: app.Origin{User: "u"}}, "demo"})
	assert.Equal(t, page.Entry{Source: "ledger", Who: "u", Action: "request.refuse", On: "demo demo POST /v1/licenses", Outcome: "forbidden", Bad: true}, refused)
	assert.Equal(t, "the API itself", ledgerEntry(event{app.Event{Action: app.ActionExpire}, "demo"}).Who)
}

func TestTheLinesOfARequestAreFoundByItsTraceInTheEndOfTheLogs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pods := filepath.Join(dir, "logs", "pods")
	require.NoError(t, os.MkdirAll(pods, 0o700))
	long := strings.Repeat("x", 2*maxValue)
	lines := []string{
		`{"time":"2026-11-28T18:03:27.08Z","severity":"INFO","message":"request","httpRequest":{"requestUrl":"/v1?token=abc","status":201},"requestId":"r1","long":"` + long + `","logging.googleapis.com/trace":"projects/p/traces/0123"}`,
		`{"time":"2026-11-28T18:03:27.09Z","severity":"INFO","message":"another","logging.googleapis.com/trace":"projects/p/traces/9999"}`,
		`no JSON /traces/0123`,
	}
	require.NoError(t, os.WriteFile(filepath.Join(pods, "coditect-app_license-api-1.log"), []byte(strings.Repeat("old\n", maxTail/2)+strings.Join(lines, "\n")), 0o600))
	d := &Daemon{options: Options{Dir: dir}}
	found, ids := d.podLines("0123")
	require.Len(t, found, 1)
	assert.Equal(t, "license-api-1", found[0].Source)
	assert.Equal(t, "request", found[0].Text)
	assert.Equal(t, []string{"r1"}, ids)
	text, err := json.Marshal(found)
	require.NoError(t, err)
	assert.NotContains(t, string(text), "abc", "what is named like a secret is hidden")
	assert.Less(t, len(text), 2*maxValue)
	none, _ := d.podLines("")
	assert.Empty(t, none)

	require.NoError(t, os.WriteFile(filepath.Join(dir, "logs", "requests.jsonl"), []byte(`{"insertId":"A","jsonPayload":{"statusDetails":"response_sent_by_backend"}}`+"\n"), 0o600))
	var line string
	for found := range matching(filepath.Join(dir, "logs", "requests.jsonl"), `"insertId":"A"`) {
		line = string(found)
	}
	assert.Contains(t, line, "response_sent_by_backend")
}
