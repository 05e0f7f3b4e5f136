package stub

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/coditect-ai/license-platform/emulator/cloudide"
	"github.com/coditect-ai/license-platform/local/cluster/kubelet"
)

// Kubelet is where the stand-ins' pods are entered.
type Kubelet interface {
	AllocateIP() (netip.Addr, error)
	AddStatic(p kubelet.Pod)
}

// Listen opens a port of a pod, in the pod's own network.
type Listen func(pod kubelet.Pod, port int32) (net.Listener, error)

// Serve runs the stand-ins for the IDE's two Services, as pods of the kubelet,
// until ctx ends.
func Serve(ctx context.Context, group *errgroup.Group, k Kubelet, listen Listen) error {
	for name, handler := range map[string]http.Handler{cloudide.API: NewAPI(), cloudide.Frontend: NewFrontend()} {
		ip, err := k.AllocateIP()
		if err != nil {
			return fmt.Errorf("find an address for %s: %w", name, err)
		}
		pod := kubelet.Pod{
			Namespace: cloudide.Namespace, Name: name + "-0", Labels: map[string]string{"app": name}, IP: ip,
			Ports: map[string]int32{"http": cloudide.Port}, Ready: true, Phase: "Running",
		}
		listener, err := listen(pod, cloudide.Port)
		if err != nil {
			return fmt.Errorf("open the stand-in for %s: %w", name, err)
		}
		server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
		group.Go(func() error {
			if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("serve the stand-in for %s: %w", name, err)
			}
			return nil
		})
		group.Go(func() error {
			<-ctx.Done()
			return server.Close() // WebSockets would hold up an orderly end
		})
		k.AddStatic(pod)
	}
	return nil
}
