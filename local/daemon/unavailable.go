package daemon

import (
	"context"
	"net/http"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/coditect-ai/license-platform/local/scenario/fault"
)

// slowSignature is how long a signature takes while the key management service is
// slow: longer than what clients are promised, shorter than they wait.
const slowSignature = 1500 * time.Millisecond

// withKMSFaults answers UNAVAILABLE while the fault "kms" is set, and signs slowly while the
// fault "slow-kms" is.
func (d *Daemon) withKMSFaults() grpc.ServerOption {
	return grpc.ChainUnaryInterceptor(func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		if d.faults.has(fault.KMS) {
			return nil, status.Error(codes.Unavailable, "The service is currently unavailable.")
		}
		if d.faults.has(fault.SlowKMS) && info.FullMethod == kmspb.KeyManagementService_AsymmetricSign_FullMethodName {
			timer := time.NewTimer(slowSignature)
			defer timer.Stop()
			select {
			case <-timer.C:
			case <-ctx.Done():
				return nil, status.FromContextError(ctx.Err()).Err()
			}
		}
		return handler(ctx, request)
	})
}

// withIdentityFault answers 503 while the fault "identity" is set.
func (d *Daemon) withIdentityFault(keys http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.faults.has(fault.Identity) {
			http.Error(w, "The service is currently unavailable.", http.StatusServiceUnavailable)
			return
		}
		keys.ServeHTTP(w, r)
	})
}
