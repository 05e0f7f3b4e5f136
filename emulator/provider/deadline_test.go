package provider_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/coditect-ai/license-platform/emulator/provider"
)

func TestNoCallOutlivesItsDeadline(t *testing.T) {
	t.Parallel()
	// In a time that passes only while everybody waits, so that no answer is too late by chance.
	synctest.Test(t, func(t *testing.T) {
		long, short := time.Hour, 50*time.Millisecond
		never := make(chan struct{})
		defer close(never)
		deaf := func(context.Context, any) (any, error) { <-never; return nil, nil }
		listening := func(ctx context.Context, _ any) (any, error) {
			<-ctx.Done()
			return nil, status.Error(codes.Aborted, "the pods are not ready")
		}
		for name, test := range map[string]struct {
			request   any
			deadlines provider.Deadlines
			handler   grpc.UnaryHandler
			code      codes.Code
			says      string
		}{
			"a look that never ends":     {&pulumirpc.DiffRequest{}, provider.Deadlines{Change: long, Answer: short}, deaf, codes.DeadlineExceeded, "the embedded cloud does not answer Call (context deadline exceeded)"},
			"a preview that never ends":  {&pulumirpc.CreateRequest{Preview: true}, provider.Deadlines{Change: long, Answer: short}, deaf, codes.DeadlineExceeded, "does not answer Call"},
			"a creation that never ends": {&pulumirpc.CreateRequest{}, provider.Deadlines{Change: short, Answer: long}, deaf, codes.DeadlineExceeded, "does not answer Call"},
			"a removal that says why":    {&pulumirpc.DeleteRequest{}, provider.Deadlines{Change: short, Answer: long}, listening, codes.Aborted, "the pods are not ready"},
		} {
			_, err := test.deadlines.Interceptor()(t.Context(), test.request, &grpc.UnaryServerInfo{FullMethod: "/provider/Call"}, test.handler)
			require.Error(t, err, name)
			assert.Equal(t, test.code, status.Code(err), name)
			assert.ErrorContains(t, err, test.says, name)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := provider.Deadlines{Change: long, Answer: long}.Interceptor()(gone, &pulumirpc.UpdateRequest{}, &grpc.UnaryServerInfo{}, deaf)
		assert.ErrorContains(t, err, "context canceled", "nor does one whose engine has gone")
	})
}
