package daemon

import (
	"context"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	"github.com/coditect-ai/license-platform/local/report/page"
)

// maxOperations bounds what is kept of the engine's operations; the oldest go first.
const maxOperations = 500

// operations are what the Pulumi engine had the providers do. Only the kind of the
// operation and the resource's name are kept, never a property. They are safe for
// concurrent use.
type operations struct {
	mu   sync.Mutex
	kept []page.Entry
}

// interceptor notes what changes something; a preview does not.
func (o *operations) interceptor() grpc.UnaryServerInterceptor {
	return func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		answer, err := handler(ctx, request)
		switch request.(type) {
		case *pulumirpc.CreateRequest, *pulumirpc.UpdateRequest, *pulumirpc.DeleteRequest:
			o.add(request, path.Base(info.FullMethod), err)
		}
		return answer, err
	}
}

func (o *operations) add(request any, method string, err error) {
	if previews, can := request.(interface{ GetPreview() bool }); can && previews.GetPreview() {
		return
	}
	e := page.Entry{At: time.Now(), Source: "operation", Who: "Pulumi", Action: strings.ToLower(method), Outcome: "ok"}
	if named, can := request.(interface{ GetUrn() string }); can {
		e.On = resourceName(named.GetUrn())
	}
	if err != nil {
		e.Outcome, e.Bad = strings.ToLower(status.Code(err).String()), true
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.kept = append(o.kept, e)
	if over := len(o.kept) - maxOperations; over > 0 {
		o.kept = slices.Clone(o.kept[over:])
	}
}

func (o *operations) all() []page.Entry {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.kept)
}

// resourceName is the last part of the type, and the name, of a URN:
// urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME.
func resourceName(urn string) string {
	parts := strings.Split(urn, "::")
	if len(parts) < 4 {
		return urn
	}
	return parts[2][strings.LastIndex(parts[2], ":")+1:] + " " + parts[3]
}
