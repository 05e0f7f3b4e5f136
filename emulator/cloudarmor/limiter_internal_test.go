package cloudarmor

import (
	"fmt"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/armor/rule"
)

func TestALimiterForgetsTheKeySeenLongestAgo(t *testing.T) {
	t.Parallel()
	limit := rule.RateLimit{Threshold: rule.Threshold{Count: 1, IntervalSeconds: 60}}
	l := newLimiter(rule.Rule{RateLimit: &limit}, time.Now, 3)
	for i := range 1000 {
		l.count(fmt.Sprint(i))
		l.count("kept")
	}
	assert.Len(t, l.keys, 3)
	assert.Equal(t, 3, l.recent.Len())
	assert.Equal(t, RateExceed, l.count("kept").Outcome)
	assert.Equal(t, RateConform, l.count("1").Outcome, "a forgotten key begins anew")
}

func TestKeysAreReadFromTheRequest(t *testing.T) {
	t.Parallel()
	request := Request{
		Path: "/v1/x", Region: "DE", ServerName: "licenses.coditect.ai", ClientIP: netip.MustParseAddr("203.0.113.9"),
		Headers: http.Header{"X-Forwarded-For": {"192.0.2.1, 198.51.100.1"}, "X-Key": {"abc"}, "Cookie": {"a=1; sid=s3"}},
	}
	for _, row := range []struct {
		key        rule.Key
		name, want string
	}{
		{rule.KeyAll, "", "ALL"},
		{rule.KeyIP, "", "203.0.113.9"},
		{rule.KeyXFF, "", "192.0.2.1"},
		{rule.KeyHeader, "X-Key", "abc"},
		{rule.KeyHeader, "X-Missing", "ALL"},
		{rule.KeyCookie, "sid", "s3"},
		{rule.KeyCookie, "missing", "ALL"},
		{rule.KeyPath, "", "/v1/x"},
		{rule.KeySNI, "", "licenses.coditect.ai"},
		{rule.KeyRegion, "", "DE"},
	} {
		l := newEvaluation(request, &state{policy: &Policy{}}, Options{BodyLimit: 1})
		assert.Equal(t, row.want, l.rateKey(&rule.RateLimit{Key: row.key, KeyName: row.name}), "%s %s", row.key, row.name)
	}
	request.Headers.Set("X-Forwarded-For", "not an address")
	l := newEvaluation(request, &state{policy: &Policy{}}, Options{BodyLimit: 1})
	assert.Equal(t, "203.0.113.9", l.rateKey(&rule.RateLimit{Key: rule.KeyXFF}))
}
