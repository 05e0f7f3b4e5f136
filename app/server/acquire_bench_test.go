package server_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
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
	w := newWorld(b)
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
	acquire := func(worker int) error {
		return api.expect(200, "/v1/licenses/big/acquire", token, fmt.Sprintf(`{"fingerprint":"device-%d"}`, worker))
	}
	cycle := func(worker int) error { return api.cycle(token, fmt.Sprintf("passing-%d", worker)) }
	for worker := range takers {
		require.Equal(b, 201, api.acquire(b, "big", token, fmt.Sprintf("device-%d", worker)).status)
		require.NoError(b, cycle(worker))
	}
	watched := append([]int{os.Getpid(), w.redis.PID(), api.command.Process.Pid}, family(b, w.postgres.PID())...)
	for b.Loop() {
		rates := turns(b, watched, calling(takers, sign), calling(takers, acquire), calling(takers, cycle))
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
	peer(b)
}

// peer says whether the program that issues compare with is there.
func peer(b *testing.B) {
	b.Helper()
	if _, err := exec.LookPath("relay"); err != nil {
		b.Log("keygen-relay is not on this machine (no program `relay` on the PATH), so it was not measured beside this one")
		return
	}
	b.Log("keygen-relay is on this machine, but has no licence file to serve here: measure it by its own manual")
}

// cycle takes a seat, keeps it once and gives it back.
func (in *instance) cycle(token, device string) error {
	request, err := http.NewRequest("POST", in.url+"/v1/licenses/big/acquire", strings.NewReader(`{"fingerprint":"`+device+`"}`))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	response, err := in.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	_, rest, _ := strings.Cut(string(content), `"leaseId":"`)
	lease, _, found := strings.Cut(rest, `"`)
	if !found || response.StatusCode != 201 {
		return fmt.Errorf("acquire: status %d: %s", response.StatusCode, content)
	}
	if err := in.expect(200, "/v1/leases/"+lease+"/heartbeat", token, ""); err != nil {
		return err
	}
	return in.expect(204, "/v1/leases/"+lease+"/release", token, "")
}
