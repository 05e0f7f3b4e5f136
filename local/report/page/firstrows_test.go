package page_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/report/page"
)

func TestTheFirstRowsStandUntilTheFirstAnswer(t *testing.T) {
	handler, err := page.Handler(newFixture())
	require.NoError(t, err)
	answers := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/requests" {
			select {
			case <-answers:
			case <-r.Context().Done():
				return
			}
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	b := openBrowser(t)
	b.visit(server.URL, 1280, "light")
	var seen struct {
		Apart, None bool
		Count       string
	}
	b.run(&seen, `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
		const tops = [...document.querySelectorAll('.row')].map((row) => row.getBoundingClientRect().top);
		done({
			apart: tops.length === 2 && tops[0] < tops[1], none: !document.querySelector('#none').hidden,
			count: document.querySelector('#count').textContent,
		});
	})))`)
	assert.True(t, seen.Apart, "one row below the other")
	assert.False(t, seen.None, "requests are not said to be missing before the list was asked for")
	assert.Equal(t, "2 fit", seen.Count)
	close(answers)
	b.until(liveNow)
	b.until("document.querySelector('#count').textContent === '2 requests kept'")
}

func TestTheListIsFilledWithoutAnythingThatHappens(t *testing.T) {
	w := newFixture()
	fillBook(w, 1000)
	b := openBrowser(t)
	b.visit(serve(t, w).URL, 1280, "light")
	b.until(liveNow)
	b.until(`(() => {
		const list = document.querySelector('#list'), last = [...document.querySelectorAll('.row')].map((row) => row.getBoundingClientRect().bottom);
		return list.scrollHeight > list.clientHeight && Math.max(...last) >= list.getBoundingClientRect().top + list.clientHeight;
	})()`)
}
