package expression

import (
	"fmt"

	"cel.dev/cel-go/cel"
)

// Attributes are what an expression can ask about a request.
type Attributes struct {
	// IP is the client's address; UserIP the one behind an upstream proxy,
	// which is IP where no header for it is configured.
	IP, UserIP string
	// RegionCode is the client's country (ISO 3166-1 alpha 2), empty when unknown.
	RegionCode string
	// ASN is the client's autonomous system number, 0 when unknown.
	ASN int
	// TLSJA3, TLSJA4 are fingerprints of the TLS handshake, empty when unknown.
	TLSJA3, TLSJA4 string
	// Method, Path, Query and Scheme are the request line's, undecoded.
	Method, Path, Query, Scheme string
	// Headers are the request's headers: lower-case names, several values
	// joined by commas.
	Headers map[string]string
}

// Matches evaluates the expression for one request. An error, for example a
// header read without has(), means that the rule does not match.
func (p *Program) Matches(attributes Attributes, functions Functions) (bool, error) {
	vars, err := cel.FunctionVars(attributes.values(), bind(attributes, functions))
	if err != nil {
		return false, fmt.Errorf("bind %q: %w", p.source, err)
	}
	result, _, err := p.program.Eval(vars)
	if err != nil {
		return false, fmt.Errorf("evaluate %q: %w", p.source, err)
	}
	matched, isBool := result.Value().(bool)
	if !isBool {
		return false, fmt.Errorf("evaluate %q: result %v is not a bool", p.source, result)
	}
	return matched, nil
}

// values are the variables of the language. reCAPTCHA tokens are never present
// here, so conditions on them see an invalid token, as documented.
func (a Attributes) values() map[string]any {
	headers := a.Headers
	if headers == nil {
		headers = map[string]string{}
	}
	userIP := a.UserIP
	if userIP == "" {
		userIP = a.IP
	}
	return map[string]any{
		"origin.ip":                             a.IP,
		"origin.user_ip":                        userIP,
		"origin.region_code":                    a.RegionCode,
		"origin.asn":                            int64(a.ASN),
		"origin.tls_ja3_fingerprint":            a.TLSJA3,
		"origin.tls_ja4_fingerprint":            a.TLSJA4,
		"request.headers":                       headers,
		"request.method":                        a.Method,
		"request.path":                          a.Path,
		"request.query":                         a.Query,
		"request.scheme":                        a.Scheme,
		"token.recaptcha_exemption.valid":       false,
		"token.recaptcha_action.score":          0.0,
		"token.recaptcha_action.captcha_status": "",
		"token.recaptcha_action.action":         "",
		"token.recaptcha_action.valid":          false,
		"token.recaptcha_session.score":         0.0,
		"token.recaptcha_session.valid":         false,
	}
}
