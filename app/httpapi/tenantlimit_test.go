package httpapi

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest/await"
)

// unanswered are requests behind a tenant's limit whose answers wait until they are sent.
type unanswered struct {
	t       *testing.T
	limit   *tenantLimit
	handler http.Handler
	begun   chan string
	sent    chan struct{}
	group   sync.WaitGroup
}

func newUnanswered(t *testing.T, most int) *unanswered {
	u := &unanswered{t: t, limit: newTenantLimit(most), begun: make(chan string, 8), sent: make(chan struct{})}
	u.limit.wait = 20 * time.Millisecond
	u.handler = u.limit.handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		u.begun <- r.URL.Path
		<-u.sent
	}))
	return u
}

// ask sends a request, and returns the status of its answer.
func (u *unanswered) ask(tenant, path string) int {
	answer := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, path, nil)
	u.handler.ServeHTTP(answer, r.WithContext(context.WithValue(r.Context(), requestKey{}, &request{who: app.Principal{Tenant: tenant}})))
	return answer.Code
}

// begin sends a request that is let in.
func (u *unanswered) begin(tenant, path string) {
	u.t.Helper()
	u.group.Go(func() { assert.Equal(u.t, http.StatusOK, u.ask(tenant, path), path) })
	await.Receive(u.t, u.begun)
}

// send sends the answers, after which nothing is counted any more.
func (u *unanswered) send() {
	u.t.Helper()
	close(u.sent)
	u.group.Wait()
	assert.Empty(u.t, u.limit.slots)
}

func TestOfWhatTakesVeryMuchATenantHasTwoAtOnceUntilTheirAnswersAreSent(t *testing.T) {
	t.Parallel()
	of := newUnanswered(t, 8)
	of.begin("a", pathErase)
	of.begin("a", pathExport)
	assert.Equal(t, http.StatusTooManyRequests, of.ask("a", pathExport))
	for _, path := range []string{pathErase, pathExport, pathDenials, "/v1/licenses/demo/usage"} {
		assert.Equal(t, http.StatusTooManyRequests, of.ask("a", path), path)
	}
	of.begin("a", "/v1/licenses/demo/acquire")
	of.begin("a", "/v1/licenses/usage")
	of.begin("b", pathExport)
	of.begin("c", pathExport)
	assert.Equal(t, http.StatusTooManyRequests, of.ask("d", pathExport), "the instance has no room for a fourth one")
	of.begin("d", pathErase)
	of.send()
}

func TestATenantHasFourPagesAtOnceUntilTheyAreSent(t *testing.T) {
	t.Parallel()
	of := newUnanswered(t, 128)
	lists := []string{"/v1/licenses", "/v1/licenses/demo/leases", "/v1/credentials", "/v1/audit"}
	for _, path := range lists {
		of.begin("a", path)
	}
	for _, path := range lists {
		assert.Equal(t, http.StatusTooManyRequests, of.ask("a", path), "%s: 128 pages of licences with much metadata are more than a pod's memory", path)
	}
	of.begin("a", "/v1/licenses/demo")
	of.begin("b", "/v1/licenses")
	of.send()
}

func TestATenantHasOneReportAtOnceSoThatOthersHaveTheirs(t *testing.T) {
	t.Parallel()
	of := newUnanswered(t, 8)
	of.begin("a", "/v1/licenses/demo/usage")
	for _, path := range []string{pathDenials, "/v1/licenses/demo/usage"} {
		assert.Equal(t, http.StatusTooManyRequests, of.ask("a", path), path)
	}
	of.begin("b", pathDenials)
	of.begin("a", pathExport)
	of.send()
}
