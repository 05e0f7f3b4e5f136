package httpapi

import (
	"context"
	"log/slog"
)

// WithRequest returns a handler that adds to every line that is written on behalf of a
// request what finds the request: its id, and its trace in the form by which Cloud
// Logging joins lines
// (cloud.google.com/logging/docs/structured-logging#structured_logging_special_fields).
func WithRequest(next slog.Handler) slog.Handler { return requestHandler{next} }

type requestHandler struct{ slog.Handler }

// Handle implements slog.Handler.
func (h requestHandler) Handle(ctx context.Context, line slog.Record) error {
	if found := requestOf(ctx); found.id != "" {
		line = line.Clone()
		line.AddAttrs(slog.String("requestId", found.id))
		if found.trace != "" {
			line.AddAttrs(slog.String("logging.googleapis.com/trace", found.trace))
		}
		if found.span != "" {
			line.AddAttrs(slog.String("logging.googleapis.com/spanId", found.span))
		}
	}
	return h.Handler.Handle(ctx, line)
}

// WithAttrs implements slog.Handler.
func (h requestHandler) WithAttrs(attributes []slog.Attr) slog.Handler {
	return requestHandler{h.Handler.WithAttrs(attributes)}
}

// WithGroup implements slog.Handler.
func (h requestHandler) WithGroup(name string) slog.Handler {
	return requestHandler{h.Handler.WithGroup(name)}
}
