package httpapi

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
)

func TestJSONIsReadAsItIsDocumented(t *testing.T) {
	t.Parallel()
	read := exactJSON().Unmarshal
	for name, c := range map[string]struct{ text, says string }{
		"an object":                 {text: `{"fingerprint":"x"}`},
		"a byte order mark":         {text: "\xef\xbb\xbf{\"fingerprint\":\"x\"}"},
		"a whole character":         {text: `{"fingerprint":"\ud83d\ude00"}`},
		"a name in another case":    {text: `{"Fingerprint":"x"}`, says: "not known"},
		"a name that is unknown":    {text: `{"finger":"x"}`, says: "not known"},
		"a name twice":              {text: `{"fingerprint":"x","fingerprint":"x"}`, says: "twice"},
		"half a character":          {text: `{"fingerprint":"\ud800"}`, says: "not Unicode"},
		"the other half":            {text: `{"fingerprint":"\udc00x"}`, says: "not Unicode"},
		"half an object":            {text: `{"fingerprint":`, says: "is not JSON"},
		"an object and more":        {text: `{}{}`, says: "is not JSON"},
		"a number in place of text": {text: `{"fingerprint":1}`, says: "type"},
	} {
		var body struct {
			Fingerprint string `json:"fingerprint"`
		}
		err := read([]byte(c.text), &body)
		if c.says == "" {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorContains(t, err, c.says, name)
		assert.NotContains(t, err.Error(), "inger", "nothing that was sent is repeated")
	}
}

func TestABodyIsJSONInUTF8AsItIs(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"", "application/json", "APPLICATION/JSON", "Application/Json;charset=UTF-8", `application/json; charset="utf-8"`, "application/merge-patch+json"} {
		header := http.Header{"Content-Type": {good}}
		require.NoError(t, contentType(header), good)
		assert.Contains(t, []string{"", "application/json"}, header.Get("Content-Type"))
	}
	for _, bad := range []http.Header{
		{"Content-Type": {"text/plain"}},
		{"Content-Type": {"application/json; charset=latin1"}},
		{"Content-Type": {"application/json; charset"}},
		{"Content-Type": {"application/json"}, "Content-Encoding": {"gzip"}},
	} {
		assert.Equal(t, app.CodeUnsupportedMedia, app.CodeOf(contentType(bad)), "%v", bad)
	}
	require.NoError(t, contentType(http.Header{"Content-Encoding": {"identity"}}))
}

func TestADefaultFitsWhatIsGiven(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before            app.License
		lease, heartbeat  int
		becomes, interval int
	}{
		"a shorter lease of a new licence":         {lease: 60, becomes: 60, interval: 20},
		"a slower heartbeat of a new licence":      {heartbeat: 400, becomes: 1200, interval: 400},
		"the slowest heartbeat of a new licence":   {heartbeat: 86399, becomes: 86400, interval: 86399},
		"a shorter lease":                          {before: app.License{}.Defaulted(), lease: 60, becomes: 60, interval: 20},
		"a longer lease":                           {before: app.License{}.Defaulted(), lease: 600, becomes: 600, interval: 200},
		"a longer lease, with a heartbeat of mine": {before: app.License{HeartbeatInterval: 7e9}.Defaulted(), lease: 600, becomes: 600, interval: 7},
		"a heartbeat of mine that no longer fits":  {before: app.License{HeartbeatInterval: 99e9}.Defaulted(), lease: 60, becomes: 60, interval: 20},
	} {
		license, terms := c.before, Terms{}
		if c.lease > 0 {
			terms.LeaseSeconds = &c.lease
		}
		if c.heartbeat > 0 {
			terms.HeartbeatSeconds = &c.heartbeat
		}
		terms.apply(&license)
		license = license.Defaulted()
		assert.EqualValues(t, c.becomes, license.LeaseTTL.Seconds(), name)
		assert.EqualValues(t, c.interval, license.HeartbeatInterval.Seconds(), name)
	}
}
