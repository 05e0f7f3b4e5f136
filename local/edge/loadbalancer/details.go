package loadbalancer

import (
	"context"
	"errors"
	"net/http"
)

// Values of jsonPayload.statusDetails
// (https://cloud.google.com/load-balancing/docs/https/https-logging-monitoring).
const (
	sentByBackend   = "response_sent_by_backend"
	websocketClosed = "websocket_closed"
	backendTimeout  = "backend_timeout"
)

// failure names why there is no response from the backend. The classic load
// balancer answers each of them with 502.
func failure(ctx context.Context, err error) string {
	switch cause := context.Cause(ctx); {
	case errors.Is(err, errNoEndpoint) && !errors.As(err, new(unreachable)):
		return "failed_to_pick_backend"
	case errors.As(err, new(unreachable)) && cause == nil:
		return "failed_to_connect_to_backend"
	case errors.Is(cause, errBackendTimeout):
		return backendTimeout
	case errors.Is(cause, errDrained) || cause == nil:
		return "backend_connection_closed_before_data_sent_to_client"
	default:
		return "client_disconnected_before_any_response"
	}
}

// endedBy names how a response that had begun ended.
func endedBy(ctx context.Context, r *http.Request, begun string) string {
	switch cause := context.Cause(ctx); {
	case begun == websocketClosed:
		return begun
	case errors.Is(cause, errBackendTimeout):
		return backendTimeout
	case errors.Is(cause, errDrained):
		return "backend_connection_closed_after_partial_response_sent"
	case r.Context().Err() != nil:
		return "client_disconnected_after_partial_response"
	default:
		return begun
	}
}

// finishResponse marks a response as having come through the load balancer.
func finishResponse(response *http.Response) error {
	x := exchangeOf(response.Request)
	x.details, x.problem = sentByBackend, problemCode(response)
	if response.StatusCode == http.StatusSwitchingProtocols {
		x.details = websocketClosed
	}
	response.Header.Add("Via", "1.1 google")
	return nil
}
