package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
)

// Outputs are the stack's outputs, secrets included.
type Outputs map[string]any

// Up brings the stack up and tells watch what happens meanwhile. With targets it changes
// only those: URNs, in which * means one part and ** any number of parts. What they
// depend on has to exist already.
func (e *Engine) Up(ctx context.Context, watch func(Step), only ...string) (Outputs, error) {
	var outputs Outputs
	targets := newTargets(only)
	err := e.run(ctx, targets.watch(watch), func(ctx context.Context, stream chan<- events.EngineEvent) error {
		result, err := e.stack.Up(ctx, optup.EventStreams(stream), optup.SuppressProgress(), optup.SuppressOutputs(),
			optup.ProgressStreams(io.Discard), optup.ErrorProgressStreams(io.Discard), optup.Target(only))
		outputs = Outputs{}
		for name, output := range result.Outputs {
			outputs[name] = output.Value
		}
		return err
	})
	return outputs, targets.check(err)
}

// Preview reports to watch what an update would change, with targets like those of Up.
func (e *Engine) Preview(ctx context.Context, watch func(Step), only ...string) error {
	targets := newTargets(only)
	return targets.check(e.run(ctx, targets.watch(watch), func(ctx context.Context, stream chan<- events.EngineEvent) error {
		_, err := e.stack.Preview(ctx, optpreview.EventStreams(stream), optpreview.SuppressProgress(), optpreview.SuppressOutputs(),
			optpreview.ProgressStreams(io.Discard), optpreview.ErrorProgressStreams(io.Discard), optpreview.Target(only))
		return err
	}))
}

// Refresh updates the state from the resources that really exist. Creations that were
// interrupted are forgotten; the next update makes or takes up the resource.
func (e *Engine) Refresh(ctx context.Context, watch func(Step)) error {
	return e.run(ctx, watch, func(ctx context.Context, stream chan<- events.EngineEvent) error {
		_, err := e.stack.Refresh(ctx, optrefresh.EventStreams(stream), optrefresh.ClearPendingCreates(), optrefresh.SuppressProgress(),
			optrefresh.ProgressStreams(io.Discard), optrefresh.ErrorProgressStreams(io.Discard))
		return err
	})
}

// Destroy takes everything down that the stack brought up.
func (e *Engine) Destroy(ctx context.Context, watch func(Step)) error {
	return e.run(ctx, watch, func(ctx context.Context, stream chan<- events.EngineEvent) error {
		_, err := e.stack.Destroy(ctx, optdestroy.EventStreams(stream), optdestroy.SuppressProgress(),
			optdestroy.ProgressStreams(io.Discard), optdestroy.ErrorProgressStreams(io.Discard))
		return err
	})
}

// PreviewDestroy says whether Destroy would be refused, and changes nothing.
func (e *Engine) PreviewDestroy(ctx context.Context) error {
	return e.run(ctx, func(Step) {}, func(ctx context.Context, stream chan<- events.EngineEvent) error {
		_, err := e.stack.PreviewDestroy(ctx, optdestroy.EventStreams(stream), optdestroy.SuppressProgress(),
			optdestroy.ProgressStreams(io.Discard), optdestroy.ErrorProgressStreams(io.Discard))
		return err
	})
}

// run executes one operation, forwards its events, and says what went wrong in
// the engine's own words rather than in a dump of its output.
func (e *Engine) run(ctx context.Context, watch func(Step), operation func(context.Context, chan<- events.EngineEvent) error) error {
	if err := e.unlock(); err != nil {
		return err
	}
	stream := make(chan events.EngineEvent, 256)
	told := &listener{watch: watch, warn: e.warn, done: make(chan struct{})}
	go told.listen(stream)
	err := operation(ctx, stream)
	complaints := told.finish()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("interrupted; everything done so far is kept, and the next 'make up' carries on: %w", ctx.Err())
	case auto.IsConcurrentUpdateError(err):
		return errors.New("another Pulumi update of this stack is running")
	case len(complaints) > 0:
		return errors.New(strings.Join(complaints, "\n"))
	default:
		return plainly(err)
	}
}

// plainly takes the wrapping off an Automation API error: it prints the whole
// output of the CLI otherwise.
func plainly(err error) error {
	text := err.Error()
	if i := strings.Index(text, "stderr: "); i >= 0 {
		text = strings.TrimSpace(text[i+len("stderr: "):])
	}
	if text == "" {
		return err
	}
	return errors.New(text)
}

// escapes are the colour marks of the engine's texts, and those of a terminal.
var escapes = regexp.MustCompile(`<\{%[^%]*%\}>|\x1b\[[0-9;]*m`)

func withoutColour(text string) string {
	return strings.TrimSpace(escapes.ReplaceAllString(text, ""))
}
