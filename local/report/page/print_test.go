package page_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// paper is what of the page a printer gets: nothing is cut, the latest requests are in their
// order, and text is dark on white.
const paper = `(() => {
	const cut = [...document.querySelectorAll('.list, .side, .side > *, .entries, .denied')].filter((e) => e.checkVisibility() && (e.scrollHeight > e.clientHeight + 1 || e.scrollWidth > e.clientWidth + 1));
	const rows = [...document.querySelectorAll('.row')], at = rows.map((row) => row.getBoundingClientRect());
	return {
		cut: cut.map((e) => e.id || e.className),
		rows: rows.length,
		ordered: rows.every((row, i) => Number(row.getAttribute('aria-posinset')) === i + 1 && (i === 0 || at[i].top >= at[i - 1].bottom - 1)),
		wide: [...document.querySelectorAll('#map svg, #timeline, .lane')].some((e) => e.getBoundingClientRect().right > innerWidth + 1),
		ink: getComputedStyle(document.body).color, paper: getComputedStyle(document.body).backgroundColor,
	};
})()`

func TestThePageCanBePrinted(t *testing.T) {
	w := newFixture()
	fillBook(w, 10_000)
	b := openBrowser(t)
	server := serve(t, w)
	for _, scheme := range []string{"light", "dark"} {
		b.visit(server.URL, 1280, scheme)
		b.until(liveNow)
		// The list is as long as its requests once it has been asked for.
		b.until("(document.querySelector('#list').scrollTop = 3000) && document.querySelector('#list').scrollTop === 3000 && document.querySelector('.row[aria-posinset=\"120\"]')")
		var printed struct{ Data string }
		b.call(&printed, "Page.printToPDF", map[string]any{"paperWidth": 8.27, "paperHeight": 11.69})
		content, err := base64.StdEncoding.DecodeString(printed.Data)
		require.NoError(t, err)
		pages := len(regexp.MustCompile(`/Type\s*/Page\b`).FindAll(content, -1))
		assert.Greater(t, pages, 1, scheme)
		assert.Less(t, pages, 12, "%s: ten thousand requests are not one page each", scheme)
		if folder := os.Getenv("PAGE_SHOTS"); folder != "" {
			require.NoError(t, os.WriteFile(filepath.Join(folder, "print-"+scheme+".pdf"), content, 0o600))
		}
		b.until("document.querySelector('.row[aria-posinset=\"120\"]') && document.querySelector('#list').scrollTop === 3000")

		b.call(nil, "Emulation.setDeviceMetricsOverride", map[string]any{"width": 718, "height": 1000, "deviceScaleFactor": 1, "mobile": false})
		b.call(nil, "Emulation.setEmulatedMedia", map[string]any{"media": "print", "features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}})
		b.run(nil, "window.dispatchEvent(new Event('beforeprint'))")
		var seen struct {
			Cut           []string
			Rows          int
			Ordered, Wide bool
			Ink, Paper    string
		}
		b.run(&seen, paper)
		assert.Empty(t, seen.Cut, scheme)
		assert.Equal(t, 100, seen.Rows, scheme)
		assert.True(t, seen.Ordered, scheme)
		assert.False(t, seen.Wide, scheme)
		assert.Equal(t, "rgb(24, 32, 29)", seen.Ink, scheme)
		assert.Equal(t, "rgb(255, 255, 255)", seen.Paper, scheme)
		b.run(nil, "window.dispatchEvent(new Event('afterprint'))")
		b.call(nil, "Emulation.setEmulatedMedia", map[string]any{"media": ""})
	}
}

// TestTextGrowsAsTheUserWants doubles the text size of the browser, at which nothing may be cut
// or lie over another (WCAG 2.2, 1.4.4).
func TestTextGrowsAsTheUserWants(t *testing.T) {
	w := newFixture()
	b := openBrowser(t)
	server := serve(t, w)
	size := func(standard int) {
		b.call(nil, "Page.setFontSizes", map[string]any{"fontSizes": map[string]int{"standard": standard, "fixed": standard * 13 / 16}})
	}
	heights := func() (all map[string]float64) {
		b.run(&all, `Object.fromEntries(['h1', '.rates b', '.row .path', '.node .title', '#timeline text', '.layer .name'].map((s) => [s, document.querySelector(s).getBoundingClientRect().height]))`)
		return all
	}
	for _, width := range []int{640, 1280, 1680} {
		size(16)
		b.visit(server.URL, width, "light")
		b.until(liveNow)
		before := heights()
		size(32)
		b.visit(server.URL, width, "light")
		b.until(liveNow)
		for part, high := range heights() {
			assert.Greater(t, high, 1.6*before[part], "%s at %d px", part, width)
		}
		var overflows bool
		b.run(&overflows, "document.documentElement.scrollWidth > document.documentElement.clientWidth")
		assert.False(t, overflows, "at %d px nothing has to be scrolled sideways", width)
		var over []string
		b.run(&over, `[...document.querySelectorAll('.row')].filter((row, i, all) => i && row.getBoundingClientRect().top < all[i - 1].getBoundingClientRect().bottom - 1 && all[i - 1].getAttribute('aria-posinset') < row.getAttribute('aria-posinset')).map((row) => row.textContent)`)
		assert.Empty(t, over, "rows lie over each other at %d px", width)
		b.shoot("large-text-" + map[int]string{640: "640", 1280: "1280", 1680: "1680"}[width])
	}
}
