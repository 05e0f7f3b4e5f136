package page_test

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTextStandsOutFromItsGround checks WCAG 2.2's contrast of 4.5 to 1 for every
// pair of text and ground in the style sheet, in both colour schemes.
func TestTextStandsOutFromItsGround(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("web/base.css")
	require.NoError(t, err)
	light, dark, found := strings.Cut(string(content), "@media screen and (prefers-color-scheme: dark)")
	require.True(t, found)
	for scheme, text := range map[string]string{"light": light, "dark": dark[:strings.Index(dark, "* {")]} {
		colours := map[string]float64{}
		for _, match := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6})`).FindAllStringSubmatch(text, -1) {
			colours[match[1]] = luminance(t, match[2])
		}
		for _, pair := range [][2]string{
			{"ink", "paper"},
			{"ink", "card"},
			{"ink", "sunk"},
			{"soft", "paper"},
			{"soft", "card"},
			{"soft", "sunk"},
			{"soft", "accent-wash"},
			{"soft", "bad-wash"},
			{"ink", "accent-wash"},
			{"ink", "bad-wash"},
			{"accent", "accent-wash"},
			{"accent", "paper"},
			{"accent", "card"},
			{"accent", "sunk"},
			{"bad", "card"},
			{"bad", "sunk"},
			{"bad", "bad-wash"},
			{"on-accent", "accent"},
			{"focus", "card"},
			{"focus", "sunk"},
		} {
			require.Contains(t, colours, pair[0])
			require.Contains(t, colours, pair[1])
			bright, dim := max(colours[pair[0]], colours[pair[1]]), min(colours[pair[0]], colours[pair[1]])
			assert.GreaterOrEqual(t, (bright+0.05)/(dim+0.05), 4.5, "%s: %s on %s", scheme, pair[0], pair[1])
		}
	}
}

// luminance is WCAG's relative luminance of a colour.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	total := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		value, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		require.NoError(t, err)
		c := float64(value) / 255
		if c <= 0.04045 {
			total += weight * c / 12.92
		} else {
			total += weight * math.Pow((c+0.055)/1.055, 2.4)
		}
	}
	return total
}
