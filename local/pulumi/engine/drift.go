package engine

import (
	"context"
	"io"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
)

// Drift compares the state with what really exists and changes neither.
func (e *Engine) Drift(ctx context.Context, watch func(Step)) error {
	return e.run(ctx, watch, func(ctx context.Context, stream chan<- events.EngineEvent) error {
		_, err := e.stack.PreviewRefresh(ctx, optrefresh.EventStreams(stream), optrefresh.SuppressProgress(),
			optrefresh.ProgressStreams(io.Discard), optrefresh.ErrorProgressStreams(io.Discard))
		return err
	})
}
