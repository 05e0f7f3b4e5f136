package cloudarmor

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/coditect-ai/license-platform/armor/rule"
)

// maxKeyLength is how many bytes of a key's value count.
// Source: https://cloud.google.com/armor/docs/rate-limiting-overview
const maxKeyLength = 128

// rateKey is the value that a rate limit counts by. A request that lacks the
// field counts under ALL (or, for X-Forwarded-For, by its address), as documented.
func (l *look) rateKey(limit *rule.RateLimit) string {
	value := ""
	switch limit.Key {
	case rule.KeyIP:
		value = l.attributes.IP
	case rule.KeyXFF:
		value = l.forwardedFor()
	case rule.KeyHeader:
		value = l.attributes.Headers[strings.ToLower(limit.KeyName)]
	case rule.KeyCookie:
		value = l.cookie(limit.KeyName)
	case rule.KeyPath:
		value = l.request.Path
	case rule.KeySNI:
		value = l.request.ServerName
	case rule.KeyRegion:
		value = l.request.Region
	case rule.KeyAll:
	}
	if value == "" {
		return string(rule.KeyAll)
	}
	return value[:min(len(value), maxKeyLength)]
}

func (l *look) forwardedFor() string {
	first, _, _ := strings.Cut(l.attributes.Headers["x-forwarded-for"], ",")
	if address, err := netip.ParseAddr(strings.TrimSpace(first)); err == nil {
		return address.Unmap().String()
	}
	return l.attributes.IP
}

func (l *look) cookie(name string) string {
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
