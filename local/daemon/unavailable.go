package daemon

import (
	"context"
	"net/http"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// refusing answers UNAVAILABLE while the key management service is made to fail.
func (d *Daemon) refusing() grpc.ServerOption {
	return grpc.ChainUnaryInterceptor(func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		if d.faults.has(faultKMS) {
			return nil, status.Error(codes.Unavailable, "The service is currently unavailable.")
		}
		return handler(ctx, request)
	})
}

// keysOrNothing answers 503 while the identity keys are made to fail.
func (d *Daemon) keysOrNothing(keys http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.faults.has(faultIdentity) {
			http.Error(w, "The service is currently unavailable.", http.StatusServiceUnavailable)
			return
		}
		keys.ServeHTTP(w, r)
	})
}
