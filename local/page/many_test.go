package page_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/page"
	"github.com/coditect-ai/license-platform/local/trace"
)

// fillBook adds n requests of many kinds.
func fillBook(w *world, n int) {
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

// TestTenThousandRequestsKeepThePageResponsive loads all of them, scrolls through
// them, searches, and lets more come. A task that keeps the page from answering for
// more than 100 ms by the processor's clock is a defect. What a task takes by the
// wall's clock (https://w3c.github.io/longtasks/) is told and not judged, and a busy
// machine has three attempts: what the page does too long, it does each time.
func TestTenThousandRequestsKeepThePageResponsive(t *testing.T) {
	longest := 0.0
	for range 3 {
		if longest = longestOfTenThousand(t); longest < 100 {
			break
		}
	}
	assert.Less(t, longest, 100.0, "milliseconds")
}

func longestOfTenThousand(t *testing.T) float64 {
	t.Helper()
	w := newWorld()
	fillBook(w, 10_000)
	server := serve(t, w)
	b := openBrowser(t)
	b.trace()
	b.visit(server.URL, 1280, "light")
	b.until(liveNow)
	b.run(nil, `window.longest = 0, new PerformanceObserver((all) => all.getEntries().forEach((e) => { longest = Math.max(longest, e.duration); })).observe({type: 'longtask', buffered: true})`)
	// Scroll to the end until everything is there.
	b.untilSoon(`(() => {
		const list = document.querySelector('#list');
		list.scrollTop = list.scrollHeight;
		return document.querySelector('.row[aria-posinset="10000"]');
	})()`)
	var elements int
	b.run(&elements, "document.querySelectorAll('.row').length")
	assert.Less(t, elements, 120, "only what is in view is there")
	b.run(nil, "document.querySelector('#list').scrollTop = 0, document.querySelector('.row a[tabindex=\"0\"]')?.focus()")
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
	var wall float64
	b.run(&wall, "longest")
	processor := b.longestTask()
	t.Logf("the longest task took %.0f ms of the processor; by the wall's clock %.0f ms (0: none over 50 ms)", processor, wall)
	require.Positive(t, processor)
	return processor
}

func TestThePageIsSmall(t *testing.T) {
	w := newWorld()
	w.book = trace.NewBook(1, time.Now)
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
	w := newWorld()
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
