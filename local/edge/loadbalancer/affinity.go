package loadbalancer

import (
	"crypto/rand"
	"net/http"
)

// affinityCookie is the name of the cookie that generated-cookie affinity sets
// (https://cloud.google.com/load-balancing/docs/backend-service#generated_cookie_affinity).
const affinityCookie = "GCLB"

// stickyKey is what a request's endpoint is chosen by, empty when any will do. A
// client without a cookie gets one with the response.
func (x *exchange) stickyKey(r *http.Request) string {
	switch affinity := x.backend.Affinity; affinity.Kind {
	case AffinityClientIP:
		return x.client.IP.String()
	case AffinityGeneratedCookie:
		if given, err := r.Cookie(affinityCookie); err == nil && given.Value != "" {
			return given.Value
		}
		x.cookie = &http.Cookie{
			Name: affinityCookie, Value: rand.Text(), Path: "/", HttpOnly: true,
			MaxAge: int(affinity.CookieTTL.Seconds()),
		}
		return x.cookie.Value
	default:
		return ""
	}
}
