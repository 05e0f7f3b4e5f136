package server_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/kms"
)

// takers is how many clients take seats at once.
const takers = 8

// BenchmarkAcquire compares acquire, and a whole cycle of acquire, heartbeat and release,
// with the bare KMS signature, which each contains. Raw calls: package client would verify each token too.
func BenchmarkAcquire(b *testing.B) {
	w := newFixture(b)
	api := w.serveBuilt(b, build(b))
	token := w.google.Mint(b, apptest.Claims("demo-1a2b", "ada"))
	client, err := kms.Open(context.Background(), w.google.Endpoint, w.google.CA, func(string, time.Duration, error) {})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, client.Close()) })
	signer, err := kms.NewSigner(client, apptest.KeyVersion)
	require.NoError(b, err)
	sign := func(int) error {
		_, err := signer.Sign(context.Background(), app.Claims{})
		return err
	}
	connections := wires(b, api.url, token, takers)
	acquire := func(worker int) error {
		_, err := connections[worker].send(200, "POST", "/v1/licenses/big/acquire", fmt.Sprintf(`{"fingerprint":"device-%d"}`, worker))
		return err
	}
	cycle := func(worker int) error { return connections[worker].cycle(fmt.Sprintf("passing-%d", worker)) }
	for worker := range takers {
		require.Equal(b, 201, api.acquire(b, "big", token, fmt.Sprintf("device-%d", worker)).status)
		require.NoError(b, cycle(worker))
	}
	watched := append([]int{os.Getpid(), w.redis.PID(), api.command.Process.Pid}, family(b, w.postgres.PID())...)
	loads := []load{calling(takers, sign), calling(takers, acquire), calling(takers, cycle)}
	relay, beside := peer(b, takers)
	if beside {
		loads = append(loads, relay)
	}
	for b.Loop() {
		rates := turns(b, watched, loads...)
		if beside {
			b.ReportMetric(rates[3].perSecond, "keygen-relay-cycle/s")
			b.ReportMetric(rates[2].perSecond/rates[3].perSecond, "ratio-keygen-relay")
		}
		for i, name := range []string{"bare-signature", "acquire", "cycle"} {
			b.ReportMetric(rates[i].perSecond, name+"/s")
			postgres := time.Duration(0)
			for _, used := range rates[i].used[3:] {
				postgres += used
			}
			for n, who := range []string{"load+kms", "redis", "api"} {
				b.ReportMetric(float64(rates[i].used[n].Microseconds()), name+"-cpu-us-"+who)
			}
			b.ReportMetric(float64(postgres.Microseconds()), name+"-cpu-us-postgres")
		}
		b.ReportMetric(rates[1].perSecond/rates[0].perSecond, "ratio-acquire")
		b.ReportMetric(rates[2].perSecond/rates[0].perSecond, "ratio-cycle")
		b.ReportMetric(float64(rates[1].p99.Microseconds())/1000, "p99-ms-full")
		low := turns(b, nil, calling(1, sign), calling(1, acquire))
		b.ReportMetric(float64(low[1].p50)/float64(low[0].p50), "p50-ratio-low")
		b.ReportMetric(float64(low[1].p50.Microseconds())/1000, "p50-ms-low")
	}
}
