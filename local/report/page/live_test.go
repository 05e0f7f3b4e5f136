package page_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/report/page"
	"github.com/coditect-ai/license-platform/local/report/requestlog"
)

// liveNow says that the page is connected, that each of its parts is drawn, and that the rows are the list's: before its
// first answer they are those that the page came with.
const liveNow = "document.querySelector('#connection').textContent === 'Live' && ['#rows[data-virtual] .row', '#map .node', '#seat-list li', '#audit-list li', '.layer .name', '.rates b', '#timeline text'].every((part) => document.querySelector(part))"

func TestTheConsoleInABrowser(t *testing.T) {
	w := newFixture()
	server := serve(t, w)
	b := openBrowser(t)
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int{320, 390, 820, 1280, 1680} {
			b.visit(server.URL, width, scheme)
			b.until(liveNow)
			var overflows bool
			b.run(&overflows, "document.documentElement.scrollWidth > document.documentElement.clientWidth")
			assert.False(t, overflows, "at %d px nothing has to be scrolled sideways", width)
			b.shoot(fmt.Sprintf("%d-%s", width, scheme))
		}
	}
	t.Run("on a phone the requests come before what is about them", func(t *testing.T) {
		b.visit(server.URL, 390, "light")
		b.until(liveNow)
		var first bool
		b.run(&first, `(() => {
			const at = (id) => document.querySelector(id).getBoundingClientRect().top;
			const follows = (id) => document.querySelector('#requests').compareDocumentPosition(document.querySelector(id)) & Node.DOCUMENT_POSITION_FOLLOWING;
			return ['#layers', '#topology', '#seats', '#audit'].every((id) => at('#requests') < at(id) && follows(id));
		})()`)
		assert.True(t, first)
	})
	b.visit(server.URL, 1280, "light")
	b.until(liveNow)
	t.Run("a request appears as it happens, as text", func(t *testing.T) {
		w.book.Add(stopped())
		b.until("document.querySelectorAll('.row').length === 3")
		var text string
		b.run(&text, "[...document.querySelectorAll('.row')].find((row) => row.getAttribute('aria-posinset') === '1').textContent")
		assert.Contains(t, text, "refused by waf-xss")
		assert.Contains(t, text, "<script>alert(1)</script>")
		b.until("document.querySelector('#layer-1 .stopped').textContent === '2'")
		b.until("document.querySelector('#news').textContent === '1 new request, 1 stopped'")
	})
	t.Run("paused, it stands still until it goes on", func(t *testing.T) {
		b.run(nil, "document.querySelector('#pause').focus()")
		b.press("Enter", 13, "\r")
		b.until("document.querySelector('#pause').getAttribute('aria-pressed') === 'true'")
		w.book.Add(passed())
		b.until("document.querySelector('#pause').textContent === 'Go on (1)'")
		b.until("document.querySelectorAll('.row').length === 3")
		b.press("Enter", 13, "\r")
		b.until("document.querySelectorAll('.row').length === 4")
	})
	t.Run("the filter chooses, stands in the address, and holds for what comes", func(t *testing.T) {
		b.run(nil, "document.querySelector('#filter [name=text]').focus()")
		for _, letter := range "xss" {
			b.press(string(letter), int(letter)-32, string(letter))
		}
		b.until("location.search === '?text=xss' && document.querySelectorAll('.row').length === 2")
		w.book.Add(passed())
		w.book.Add(stopped())
		b.until("document.querySelectorAll('.row').length === 3")
		b.until("document.querySelector('#count').textContent === '3 of 6 requests fit'")
		b.run(nil, "document.querySelector('#filter [name=status]').value = '9', document.querySelector('#filter [name=status]').dispatchEvent(new Event('input', {bubbles: true}))")
		b.until("document.querySelector('#wrong').textContent.includes('three digits')")
		b.run(nil, "document.querySelector('#reset').click()")
		b.until("document.querySelector('#wrong').textContent === '' && document.querySelectorAll('.row').length === 6")
	})
	t.Run("arrows go through the requests, Enter opens one, Escape closes it", func(t *testing.T) {
		b.run(nil, "document.querySelector('.row a[tabindex=\"0\"]').focus()")
		b.press("End", 35, "")
		b.until("document.activeElement.closest('.row')?.getAttribute('aria-posinset') === '6'")
		b.press("ArrowUp", 38, "")
		b.until("document.activeElement.closest('.row')?.getAttribute('aria-posinset') === '5'")
		b.press("Enter", 13, "\r")
		b.until("document.querySelector('#detail').open && document.activeElement.id === 'detail-title'")
		var text string
		b.run(&text, "document.querySelector('#detail').innerText")
		for _, want := range []string{"stopped by layer 1, Cloud Armor", "not reached", "load balancer", "<b>curl</b>", "KP"} {
			assert.Contains(t, text, want)
		}
		b.until("location.search === '?request=2'")
		b.until(`(() => {
			const pane = document.querySelector('#detail'), box = pane.getBoundingClientRect();
			const covered = [0.1, 0.5, 0.9].some((at) => !pane.contains(document.elementFromPoint(box.left + box.width / 2, Math.min(innerHeight - 1, box.top + box.height * at))));
			return !covered && ['#alerts', '#seats', '#audit'].every((id) => !document.querySelector(id).checkVisibility());
		})()`)
		b.shoot("detail-wide")
		b.press("Escape", 27, "")
		b.until("!document.querySelector('#detail').open && location.search === '' && document.activeElement.closest('.row')?.getAttribute('aria-posinset') === '5'")
	})
	t.Run("a link leads to one request", func(t *testing.T) {
		b.visit(server.URL+"/?request=1", 390, "dark")
		b.until("document.querySelector('#detail').open && document.querySelector('#detail').innerText.includes('answered by the pod')")
		b.shoot("detail-phone")
		b.press("Escape", 27, "")
		b.until("!document.querySelector('#detail').open")
		b.visit(server.URL+"/?request=gone", 1280, "light")
		b.until("document.querySelector('#detail').innerText.includes('no request with this id is kept')")
	})
	b.visit(server.URL, 1280, "light")
	b.until(liveNow)
	t.Run("every hour is the browser's", func(t *testing.T) {
		b.call(nil, "Emulation.setTimezoneOverride", map[string]any{"timezoneId": "Asia/Kathmandu"})
		b.visit(server.URL, 1280, "light")
		b.until(liveNow)
		newest := w.book.Search(requestlog.Filter{}, 0, 1).Requests[0].Time.In(time.FixedZone("", 20_700)).Format(time.TimeOnly)
		b.until("document.querySelector('.row[aria-posinset=\"1\"] .at').textContent === '" + newest + "'")
		b.call(nil, "Emulation.setTimezoneOverride", map[string]any{"timezoneId": ""})
		b.visit(server.URL, 1280, "light")
		b.until(liveNow)
	})
	t.Run("a fault is told, and what is open stays open", func(t *testing.T) {
		b.run(nil, "document.querySelector('#layer-4 > summary').focus()")
		b.press("Enter", 13, "\r")
		b.until("document.querySelector('#layer-4').open")
		w.becomes(func(s *page.State) {
			s.Conditions = []page.Condition{{Kind: page.Fault, Text: "redis is made to fail", Next: "go run ./local heal redis"}, {Kind: page.Firing, Text: "RedisMemoryHigh: it is full", Playbook: "redis-memory-high.md"}}
			s.Alerts = []page.Alert{{Name: "RedisMemoryHigh", Severity: "warning", Summary: "it is full", Firing: true, Playbook: "redis-memory-high.md"}}
		})
		b.until("document.querySelector('#banner').innerText.includes('redis is made to fail')")
		b.until("document.querySelector('#banner-title').textContent === '1 part is made to fail, 1 alert fires'")
		b.until("document.querySelector('#alert-list a').getAttribute('href') === '/playbooks/redis-memory-high.md'")
		b.until("document.querySelector('#layer-4').open && document.activeElement === document.querySelector('#layer-4 > summary')")
		b.shoot("fault")
	})
	t.Run("what was dropped is counted beside, and no count lies over another", func(t *testing.T) {
		b.until(`(() => {
			const boxes = [...document.querySelectorAll('.drop-label')].map((label) => label.getBoundingClientRect());
			return boxes.length === 2 && (boxes[0].bottom <= boxes[1].top + 3 || boxes[1].bottom <= boxes[0].top + 3 || boxes[0].right <= boxes[1].left || boxes[1].right <= boxes[0].left);
		})()`)
	})
	t.Run("who may talk to whom is said of the part that is chosen", func(t *testing.T) {
		b.run(nil, "document.querySelector('.node[data-id=\"coditect-app/license-api\"]').focus()")
		b.press("Enter", 13, "\r")
		b.until("document.querySelector('#map-said').textContent === 'license-api may talk to Cloud KMS (8443), Memorystore (6378); may be talked to by load balancer (8000), managed Prometheus (9090).'")
		b.until("document.querySelectorAll('.edge[data-on]').length === 4")
		b.press("Enter", 13, "\r")
		b.until("document.querySelectorAll('.edge[data-on]').length === 0")
	})
	t.Run("in an audit trail of names that are read from the right, who stands before what", func(t *testing.T) {
		b.until(`(() => {
			const [who, on] = [...[...document.querySelectorAll('#audit-list li')].find((entry) => entry.textContent.includes('דנה')).querySelectorAll('bdi')];
			return who.textContent === 'דנה' && who.getBoundingClientRect().right <= on.getBoundingClientRect().left;
		})()`)
	})
	t.Run("in the colours of the user's own each outcome of a layer looks another way", func(t *testing.T) {
		b.call(nil, "Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "forced-colors", "value": "active"}}})
		var looks map[string]string
		b.run(&looks, `(() => {
			const looks = {}, sample = document.querySelector('.way i').cloneNode();
			document.querySelector('.way').append(sample);
			for (const outcome of ['p', 's', 'k', '-']) {
				sample.dataset.o = outcome;
				const { backgroundColor, borderStyle } = getComputedStyle(sample);
				looks[outcome] = backgroundColor + " " + borderStyle;
			}
			sample.remove();
			return looks;
		})()`)
		assert.Len(t, slices.Compact(slices.Sorted(maps.Values(looks))), 4, "%v", looks)
		b.visit(server.URL, 1280, "light")
		b.until(liveNow)
	})
	t.Run("what is not known is not shown as a number", func(t *testing.T) {
		var text string
		b.run(&text, "document.querySelector('#seat-list').innerText")
		assert.Contains(t, text, "3 of 5 seats")
		assert.Contains(t, text, "not loaded since Redis began")
		assert.NotContains(t, text, "0 of 2")
		w.mu.Lock()
		w.seats = page.Seats{Why: "PostgreSQL does not answer", Licenses: []page.License{}}
		w.mu.Unlock()
		b.until("document.querySelector('#seat-list').innerText === 'Seats cannot be read: PostgreSQL does not answer.'")
	})
	t.Run("a screen reader finds its way", func(t *testing.T) { landmarks(t, b) })
	t.Run("the keyboard reaches everything, with a focus that can be seen", func(t *testing.T) { keyboard(t, b) })
	assert.Empty(t, b.complaintsBut("status of 400", "status of 404"), "the console is silent, the policy is kept")
	for _, url := range b.requested {
		local := strings.HasPrefix(url, server.URL) || strings.HasPrefix(url, "data:") || strings.HasPrefix(url, "about:")
		assert.True(t, local, "a request to elsewhere: %s", url)
	}
	t.Run("without the embedded cloud the banner does not say that all is well", func(t *testing.T) {
		server.CloseClientConnections()
		server.Close()
		b.until("document.querySelector('#banner').dataset.level === 'stale' && document.querySelector('#banner-title').textContent.startsWith('Not connected: what is shown is as of')")
	})
}

func landmarks(t *testing.T, b *browser) {
	var tree struct {
		Nodes []struct {
			Ignored bool
			Role    struct{ Value string }
			Name    struct{ Value any }
		}
	}
	b.call(nil, "Accessibility.enable", nil)
	b.call(&tree, "Accessibility.getFullAXTree", nil)
	found := map[string]bool{}
	for _, node := range tree.Nodes {
		found[fmt.Sprintf("%s %v", node.Role.Value, node.Name.Value)] = true
		if !node.Ignored && (node.Role.Value == "button" || node.Role.Value == "combobox" || node.Role.Value == "searchbox" || node.Role.Value == "link") {
			assert.NotEmpty(t, node.Name.Value, "a control without a name")
		}
	}
	for _, want := range []string{
		"banner ", "main ", "region Layers", "region Requests", "region Who may talk to whom", "region Seats", "region Alerts", "region Audit trail", "search ",
		"heading License platform", "heading Requests", "button Pause", "searchbox Search", "combobox Outcome", "combobox Stopped by layer", "combobox Method",
	} {
		assert.True(t, found[want], "%s is missing", want)
	}
}

func keyboard(t *testing.T, b *browser) {
	b.run(nil, "document.activeElement.blur(), window.scrollTo(0, 0)")
	var controls int
	const all = "'a, button, input, select, summary, .node, [tabindex=\"0\"]'"
	b.run(&controls, "[...document.querySelectorAll("+all+")].filter((e) => e.checkVisibility() && e.tabIndex >= 0).length")
	require.Positive(t, controls)
	b.run(nil, "window.reached = new Set(), window.unseen = []")
	for range controls + 5 {
		b.press("Tab", 9, "")
		b.run(nil, `(() => {
			const e = document.activeElement, style = getComputedStyle(e), box = e.matches('.node') && e.querySelector('rect');
			if (e === document.body || !e.matches(`+all+`)) return;
			reached.add(e);
			const seen = box ? parseFloat(getComputedStyle(box).strokeWidth) >= 2 : style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
			if (!seen) unseen.push(e.outerHTML.slice(0, 80));
		})()`)
	}
	var reached int
	b.run(&reached, "reached.size")
	assert.Equal(t, controls, reached)
	var unseen []string
	b.run(&unseen, "unseen")
	assert.Empty(t, unseen)
}
