package cloudarmor

import (
	"cmp"
	"net/http"
	"net/netip"
	"strings"

	"github.com/coditect-ai/license-platform/armor/rule"
)

// maxKeyLength is how many bytes of a key's value count.
// Source: https://cloud.google.com/armor/docs/rate-limiting-overview
const maxKeyLength = 128

// rateKey is the value that a rate limit counts by; of several keys it is their
// combination.
func (l *evaluation) rateKey(limit *rule.RateLimit) string {
	var values []string
	for _, each := range limit.Keys() {
		values = append(values, l.keyValue(each))
	}
	return strings.Join(values, "|")
}

// keyValue is the value of one key. A request that lacks the field counts under
// ALL (or, for X-Forwarded-For and USER_IP, by its address), as documented.
func (l *evaluation) keyValue(key rule.NamedKey) string {
	value := ""
	switch key.Key {
	case rule.KeyIP:
		value = l.attributes.IP
	case rule.KeyUserIP:
		value = cmp.Or(l.attributes.UserIP, l.attributes.IP)
	case rule.KeyXFF:
		value = l.forwardedFor()
	case rule.KeyHeader:
		value = l.attributes.Headers[strings.ToLower(key.Name)]
	case rule.KeyCookie:
		value = l.cookie(key.Name)
	case rule.KeyPath:
		value = l.request.Path
	case rule.KeySNI:
		value = l.request.ServerName
	case rule.KeyRegion:
		value = l.request.Region
	case rule.KeyAll, rule.KeyJA3: // checkEvaluated refuses the latter
	}
	if value == "" {
		return string(rule.KeyAll)
	}
	return value[:min(len(value), maxKeyLength)]
}

func (l *evaluation) forwardedFor() string {
	first, _, _ := strings.Cut(l.attributes.Headers["x-forwarded-for"], ",")
	if address, err := netip.ParseAddr(strings.TrimSpace(first)); err == nil {
		return address.Unmap().String()
	}
	return l.attributes.IP
}

func (l *evaluation) cookie(name string) string {
	cookies, err := http.ParseCookie(l.attributes.Headers["cookie"])
	if err != nil {
		return ""
	}
	for _, cookie := range cookies {
		if cookie.Name == name {
			return cookie.Value
		}
	}
	return ""
}
