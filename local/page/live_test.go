package page_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestThePageInABrowser(t *testing.T) {
	w := newWorld()
	server := serve(t, w)
	b := openBrowser(t)
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int{320, 390, 1280} {
			b.visit(server.URL, width, scheme)
			b.until("document.querySelector('#connection').textContent === 'Live.'")
			var overflows bool
			b.run(&overflows, "document.documentElement.scrollWidth > document.documentElement.clientWidth")
			assert.False(t, overflows, "at %d px nothing has to be scrolled sideways", width)
			b.shoot(fmt.Sprintf("%d-%s", width, scheme))
		}
	}
	t.Run("a request appears as it happens, as text", func(t *testing.T) {
		w.happens(stopped())
		b.until("document.querySelectorAll('.passage').length === 3")
		var text string
		b.run(&text, "document.querySelector('.passage').innerText")
		assert.Contains(t, text, "stopped by layer 1, Cloud Armor")
		assert.Contains(t, text, "<script>alert(1)</script>")
		b.until("document.querySelector('#layer-1 .stopped').textContent === '2'")
		b.until("document.querySelector('#news').textContent === '1 new request, 1 stopped.'")
	})
	t.Run("paused, it stands still until it goes on", func(t *testing.T) {
		b.run(nil, "document.querySelector('#pause').focus()")
		b.press("Enter", 13, "\r")
		b.until("document.querySelector('#pause').getAttribute('aria-pressed') === 'true'")
		w.happens(passed())
		b.until("document.querySelector('#pause').textContent === 'Go on (1)'")
		b.until("document.querySelectorAll('.passage').length === 3")
		b.press("Enter", 13, "\r")
		b.until("document.querySelectorAll('.passage').length === 4")
	})
	t.Run("only what was stopped is shown on demand", func(t *testing.T) {
		b.run(nil, "document.querySelector('#only').focus()")
		b.press(" ", 32, " ")
		b.until("[...document.querySelectorAll('.passage')].filter((p) => p.offsetHeight > 0).length === 2")
	})
	t.Run("a fault is told, and what is open stays open", func(t *testing.T) {
		b.run(nil, "document.querySelector('#layer-4 > summary').focus()")
		b.press("Enter", 13, "\r")
		b.until("document.querySelector('#layer-4').open")
		w.fails("redis")
		b.until("document.querySelector('#health').innerText.includes('redis is made to fail')")
		b.until("document.querySelector('#layer-4').open && document.activeElement === document.querySelector('#layer-4 > summary')")
	})
	t.Run("a screen reader finds its way", func(t *testing.T) { landmarks(t, b) })
	t.Run("the keyboard reaches everything, with a focus that can be seen", func(t *testing.T) { keyboard(t, b) })

	assert.Empty(t, b.complaints, "the console is silent, the policy is kept")
	for _, url := range b.requested {
		local := strings.HasPrefix(url, server.URL) || strings.HasPrefix(url, "data:") || strings.HasPrefix(url, "about:")
		assert.True(t, local, "a request to elsewhere: %s", url)
	}
}

func landmarks(t *testing.T, b *browser) {
	var tree struct {
		Nodes []struct {
			Ignored bool
			Role    struct{ Value string }
			Name    struct{ Value any }
		}
	}
	b.call(&tree, "Accessibility.getFullAXTree", nil)
	found := map[string]bool{}
	for _, node := range tree.Nodes {
		found[fmt.Sprintf("%s %v", node.Role.Value, node.Name.Value)] = true
		if !node.Ignored && (node.Role.Value == "button" || node.Role.Value == "checkbox") {
			assert.NotEmpty(t, node.Name.Value, "a control without a name")
		}
	}
	for _, want := range []string{"banner ", "main ", "region Layers", "region Requests", "heading License platform", "heading Layers", "button Pause", "checkbox only stopped ones"} {
		assert.True(t, found[want], "%s is missing", want)
	}
}

func keyboard(t *testing.T, b *browser) {
	b.run(nil, "document.activeElement.blur(), window.scrollTo(0, 0)")
	var controls int
	b.run(&controls, "[...document.querySelectorAll('a, button, input, summary')].filter((e) => e.checkVisibility()).length")
	require.Positive(t, controls)
	b.run(nil, "window.reached = new Set()")
	for range controls + 3 {
		b.press("Tab", 9, "")
		b.run(nil, `(() => {
			const e = document.activeElement, style = getComputedStyle(e);
			if (e !== document.body && e.matches('a, button, input, summary') && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2) reached.add(e);
		})()`)
	}
	var reached int
	b.run(&reached, "reached.size")
	assert.Equal(t, controls, reached)
}
