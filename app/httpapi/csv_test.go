package httpapi

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNoCellIsAFormula(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]string{
		"":                           "",
		"ada":                        "ada",
		`=HYPERLINK("http://x","y")`: `"'=HYPERLINK(""http://x"",""y"")"`,
		"+1":                         "'+1",
		"-1":                         "'-1",
		"@SUM(A1)":                   "'@SUM(A1)",
		"\t=1":                       "'\t=1",
		"\r=1":                       "\"'=1\"",
		"a=1":                        "a=1",
		`a,"b"`:                      `"a,""b"""`,
		"credential:x":               "credential:x",
		"ä=1":                        "ä=1",
		"x;=cmd":                     "x;'=cmd",
		"x,+1;-2":                    `"x,'+1;'-2"`,
		"＝1":                         "'＝1",
		"2026-11-28T23:00:00Z":       "2026-11-28T23:00:00Z",
	} {
		made, err := csvReport([]string{"a", "b"}, [][]string{{cell, "x"}}, "")
		require.NoError(t, err)
		assert.Equal(t, "a,b\r\n"+want+",x\r\n", string(made.Body), "%q", cell)
	}
}

func TestTheFormatIsWhatTheAddressOrAcceptPrefers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		format, accept string
		csv            bool
	}{
		{"", "", false},
		{"", "text/csv", true},
		{"", "text/csv; charset=utf-8", true},
		{"", "text/html, text/csv;q=0.9, */*", true},
		{"", "text/csv;q=0.5, application/json", false},
		{"", "application/json;q=0.5, text/csv;q=0.8", true},
		{"", "application/json;q=0.5, text/csv;q=0.5", false},
		{"", "application/json, text/csv", false},
		{"", "*/*", false},
		{"", "text/csv;q=0, application/json", false},
		{"", "application/json;q=0.0, text/csv;q=0.1", true},
		{"", ";;,,text/csv", true},
		{"csv", "application/json", true},
		{"json", "text/csv", false},
	} {
		assert.Equal(t, c.csv, Format{c.format}.csv(c.accept), "%+v", c)
	}
}

// FuzzDenialAfter: a cursor is read or refused, and what was read is what was written.
func FuzzDenialAfter(f *testing.F) {
	f.Add("1795449600000000:17")
	f.Add("")
	f.Add("9223372036854775807:9223372036854775807")
	f.Add("-1:-1")
	f.Fuzz(func(t *testing.T, cursor string) {
		event, err := denialAfter(cursor)
		if err != nil {
			return
		}
		assert.Less(t, event.At.UTC().Year(), 10000)
		assert.GreaterOrEqual(t, event.ID, int64(0))
	})
}
