package loadbalancer_test

import (
	"crypto/tls"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
)

func TestARequestWhoseClientHangsUpInItsBodyIsJudgedByNobody(t *testing.T) {
	t.Parallel()
	d, p := open(t), startPod(t, says("license"))
	config := serving(p)
	config.Backends[0].Guard = guardFunc(func(loadbalancer.Inspection) loadbalancer.Verdict {
		t.Error("half a request was evaluated")
		return loadbalancer.Verdict{Status: 403, Enforced: &loadbalancer.PolicyMatch{Priority: 1000}}
	})
	require.NoError(t, d.Update(config))
	connection, err := tls.Dial("tcp", d.Address().String(), &tls.Config{ServerName: licenses, RootCAs: d.roots})
	require.NoError(t, err)
	_, err = fmt.Fprintf(connection, "POST /v1/licenses/demo/acquire HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"fing", licenses)
	require.NoError(t, err)
	require.NoError(t, connection.Close())
	d.details("client_disconnected_before_any_response")
	entry := d.Recent()[0]
	assert.Nil(t, entry.Payload.Enforced)
	assert.Zero(t, entry.HTTPRequest.Status)
	assert.Empty(t, p.requests())
}
