package page_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/report/page"
	"github.com/coditect-ai/license-platform/local/report/requestlog"
)

// fillBook adds n requests of many kinds.
func fillBook(w *fixture, n int) {
	for i := range n {
		p := passed()
		if i%3 == 0 {
			p = stopped()
		}
		p.ID, p.Path = fmt.Sprint("many-", i), fmt.Sprintf("/v1/licenses/demo/acquire?n=%d", i)
		p.Latency = fmt.Sprintf("%.6fs", float64(i%400+1)/1000)
		w.book.Add(p)
	}
}

// With ten thousand requests the page is loaded, scrolled through and searched while more
// come, and only what is in view is in the document.
func TestTenThousandRequestsKeepThePageResponsive(t *testing.T) {
	throughTenThousand(t)
}

// BenchmarkTenThousandRequests tells the longest task that keeps the page from answering, by
// the processor's clock and by the wall's (https://w3c.github.io/longtasks/, 0: none over
// 50 ms).
func BenchmarkTenThousandRequests(b *testing.B) {
	for b.Loop() {
		processor, wall := throughTenThousand(b)
		b.ReportMetric(processor, "longest-task-cpu-ms")
		b.ReportMetric(wall, "longest-task-wall-ms")
	}
}

func throughTenThousand(t testing.TB) (processor, wall float64) {
	t.Helper()
	w := newFixture()
	fillBook(w, 10_000)
	server := serve(t, w)
	b := openBrowser(t)
	b.trace()
	b.visit(server.URL, 1280, "light")
	b.until(liveNow)
	b.run(nil, `window.longest = 0, new PerformanceObserver((all) => all.getEntries().forEach((e) => { longest = Math.max(longest, e.duration); })).observe({type: 'longtask', buffered: true})`)
	// Scroll to the end until everything is there.
	b.until(`(() => {
		const list = document.querySelector('#list');
		list.scrollTop = list.scrollHeight;
		return document.querySelector('.row[aria-posinset="10000"]');
	})()`)
	var elements int
	b.run(&elements, "document.querySelectorAll('.row').length")
	assert.Less(t, elements, 120, "only what is in view is there")
	b.until("(document.querySelector('#list').scrollTop = 0, document.querySelector('.row a[tabindex=\"0\"]').focus(), document.activeElement.closest('.row'))")
	b.press("End", 35, "")
	b.until("document.activeElement.closest('.row')?.getAttribute('aria-posinset') === '10000'")
	b.press("Home", 36, "")
	b.until("document.activeElement.closest('.row')?.getAttribute('aria-posinset') === '1'")
	for range 20 {
		fillBook(w, 200)
		time.Sleep(20 * time.Millisecond)
	}
	b.until("document.querySelector('#total').textContent === '14,002'")
	b.run(nil, "document.querySelector('#filter [name=text]').value = 'n=77', document.querySelector('#filter [name=text]').dispatchEvent(new Event('input', {bubbles: true}))")
	b.until("document.querySelector('#count').textContent.endsWith('of 10,000 requests fit')")
	b.run(&wall, "longest")
	processor = b.longestTask()
	require.Positive(t, processor)
	return processor, wall
}

func TestThePageIsSmall(t *testing.T) {
	w := newFixture()
	w.book = requestlog.NewBook(1, time.Now)
	server := serve(t, w)
	total := 0
	for _, path := range []string{"/", "/web/base.css", "/web/console.css", "/web/console.js", "/web/dom.js", "/web/live.js", "/web/list.js", "/web/detail.js", "/web/timeline.js", "/web/topology.js", "/web/cards.js"} {
		response, body := get(t, server.URL+path, "127.0.0.1")
		require.Equal(t, 200, response.StatusCode, path)
		assert.Less(t, strings.Count(body, "\n"), 300, path)
		total += len(body)
	}
	t.Logf("%d bytes, without compression", total)
	assert.Less(t, total, 80_000)
}

// TestTheConsoleUnderLoadLooksLikeThis makes pictures for people, when PAGE_SHOTS
// names a folder.
func TestTheConsoleUnderLoadLooksLikeThis(t *testing.T) {
	w := newFixture()
	fillBook(w, 10_000)
	w.becomes(func(s *page.State) {
		s.Conditions = []page.Condition{{Kind: page.Drift, Text: "backups are off (stores)", Next: "make up"}}
	})
	b := openBrowser(t)
	b.visit(serve(t, w).URL, 1440, "dark")
	b.until(liveNow)
	b.until("document.querySelector('#count').textContent === '10,000 requests kept'")
	b.shoot("load-dark")
}
