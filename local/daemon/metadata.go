package daemon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/coditect-ai/license-platform/emulator/cloudide"
	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
	"github.com/coditect-ai/license-platform/local/cluster/metadata"
)

// openMetadata makes the metadata server.
func (d *Daemon) openMetadata() {
	d.metadata = metadata.New(cloudide.Project, gcp.ProjectNumber, d.identityAt)
}

// serveMetadata opens the metadata server.
func (d *Daemon) serveMetadata(ctx context.Context, group *errgroup.Group) error {
	at := d.options.Plan.Metadata()
	listener, err := net.Listen("tcp", at.String())
	if err != nil {
		return fmt.Errorf("open the metadata server: %w", err)
	}
	var handler http.Handler = d.metadata
	if d.network.Status().Warning != "" {
		handler = d.metadata.SharedAddressHandler()
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve the metadata server: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		return server.Close()
	})
	return nil
}

// identityAt is who the pod is that calls from here, by its Kubernetes service account,
// the annotation of that, and what IAM grants it.
func (d *Daemon) identityAt(from netip.AddrPort) (metadata.Pod, bool) {
	if !d.network.Carries(from) {
		return metadata.Pod{}, false // a process of the machine, with a pod's address
	}
	for _, pod := range d.kubelet.Pods() {
		if pod.IP != from.Addr() {
			continue
		}
		return d.identityOf(pod.Namespace, pod.ServiceAccount), true
	}
	return metadata.Pod{}, false
}

// identityOf is who the pods of a Kubernetes service account are; an empty one is
// "default".
func (d *Daemon) identityOf(namespace, account string) metadata.Pod {
	who := metadata.Pod{Namespace: namespace, Account: cmp.Or(account, "default")}
	declared, exists := d.store.Get(kubernetes.TypeServiceAccount, who.Namespace+"/"+who.Account)
	annotations := provider.Properties(declared.Outputs).Object("metadata.annotations")
	if who.Email, _ = annotations["iam.gke.io/gcp-service-account"].(string); !exists || who.Email == "" {
		return who
	}
	google, _ := d.store.Get(gcp.TypeServiceAccount, "projects/"+cloudide.Project+"/serviceAccounts/"+who.Email)
	who.UniqueID = provider.Properties(google.Outputs).Text("uniqueId")
	who.Granted = d.mayActAs(who)
	return who
}

func (d *Daemon) mayActAs(who metadata.Pod) bool {
	member := fmt.Sprintf("serviceAccount:%s.svc.id.goog[%s/%s]", cloudide.Project, who.Namespace, who.Account)
	for _, r := range d.store.List(gcp.TypeServiceAccountMember) {
		grant := provider.Properties(r.Outputs)
		if grant.Text("member") == member && grant.Text("role") == "roles/iam.workloadIdentityUser" && strings.HasSuffix(grant.Text("serviceAccountId"), "/"+who.Email) {
			return true
		}
	}
	return false
}
