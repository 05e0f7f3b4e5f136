package provider

import (
	"context"
	"path"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Deadlines are how long a call of the engine may take.
type Deadlines struct {
	// Change is for what makes, changes or removes something: a rollout of pods takes
	// as long as it declares, ten minutes by default.
	Change time.Duration
	// Answer is for everything else, which only reads.
	Answer time.Duration
}

// DefaultDeadlines are the deadlines of the embedded cloud.
func DefaultDeadlines() Deadlines {
	return Deadlines{Change: 20 * time.Minute, Answer: 30 * time.Second}
}

// grace is how long a call whose deadline has passed has to end in order, with a
// better reason than that.
const grace = time.Second

// Interceptor ends every call at its deadline, or when the engine has ended, whatever the
// call is doing: an engine without an answer waits for ever, and so does its user. A call
// that does not end then is a defect, and says so.
func (d Deadlines) Interceptor() grpc.UnaryServerInterceptor {
	return func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		type outcome struct {
			response any
			err      error
		}
		ended := make(chan outcome, 1) // nobody may listen any more
		ctx, cancel := context.WithTimeout(ctx, d.of(request))
		defer cancel()
		go func() {
			response, err := handler(ctx, request)
			ended <- outcome{response, err}
		}()
		select {
		case o := <-ended:
			return o.response, o.err
		case <-ctx.Done():
		}
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case o := <-ended:
			return o.response, o.err
		case <-timer.C:
			return nil, status.Errorf(codes.DeadlineExceeded, "the embedded cloud does not answer %s (%v); this is a defect of the embedded cloud: 'make down' ends everything",
				path.Base(info.FullMethod), context.Cause(ctx))
		}
	}
}

// of is the deadline of a request. A preview only answers.
func (d Deadlines) of(request any) time.Duration {
	if tries, can := request.(interface{ GetPreview() bool }); can && tries.GetPreview() {
		return d.Answer
	}
	switch request.(type) {
	case *pulumirpc.CreateRequest, *pulumirpc.UpdateRequest, *pulumirpc.DeleteRequest:
		return d.Change
	default:
		return d.Answer
	}
}
