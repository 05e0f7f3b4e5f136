package cloudarmor

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/corazawaf/coraza/v3/types"

	"github.com/coditect-ai/license-platform/armor/rule"
)

// message is a request as the WAF looks at it: names and values.
type message struct {
	request Request
	// query and form are the parameters of the URL and of the body.
	query, form []pair
	// body is the body as one string; empty when it was parsed as JSON. uniform
	// says that the body is not a list of parameters.
	body    string
	uniform bool
	// uriHidden says that the path is excluded from inspection.
	uriHidden bool
}

// pair is one parameter; bare says that it has no equals sign.
type pair struct {
	name, value string
	bare        bool
}

// newMessage takes a request apart by its content type, as documented:
//
//   - JSON, where the policy parses it: names and values. "If the JSON parser fails
//     to produce a result, URI parsing may be attempted": broken JSON, and an empty
//     object too, is taken for name1=value1&name2=value2, and so for one long name.
//   - a form: its parameters, which exclusions know by name "in the query string or
//     in the POST body".
//   - anything else (multipart, XML, text, compressed bytes): "the full content of a
//     request body as a uniform string", one value without a name.
//
// Source: https://cloud.google.com/armor/docs/content-parsing
func newMessage(request Request, config Config) message {
	m := message{request: request, query: pairs(request.RawQuery)}
	kind := mediaType(request.Headers.Get("Content-Type"))
	switch {
	case parsesJSON(config, kind):
		if form, parsed := parseJSON(request.Body); parsed && len(form) > 0 {
			m.form = form
			return m
		}
	case kind != "application/x-www-form-urlencoded" && len(request.Body) > 0:
		m.uniform = true
	}
	m.body = string(request.Body)
	return m
}

// mediaType is the type and subtype of a Content-Type header, without parameters.
func mediaType(header string) string {
	kind, _, _ := strings.Cut(strings.ToLower(header), ";")
	return strings.TrimSpace(kind)
}

func parsesJSON(config Config, kind string) bool {
	if config.JSONParsing == "" || config.JSONParsing == "DISABLED" {
		return false
	}
	kinds := config.JSONContentTypes
	if len(kinds) == 0 {
		kinds = []string{"application/json"}
	}
	return slices.ContainsFunc(kinds, func(known string) bool { return strings.EqualFold(known, kind) })
}

// pairs splits name1=value1&name2=value2 without decoding anything.
func pairs(encoded string) []pair {
	if encoded == "" {
		return nil
	}
	parts := strings.Split(encoded, "&")
	split := make([]pair, len(parts))
	for i, part := range parts {
		name, value, valued := strings.Cut(part, "=")
		split[i] = pair{name: name, value: value, bare: !valued}
	}
	return split
}

// feed gives the message to a WAF transaction, header and body.
func (m message) feed(tx types.Transaction) error {
	tx.ProcessConnection(m.request.ClientIP.String(), 0, "", 0)
	tx.ProcessURI(m.uri(), m.request.Method, "HTTP/1.1")
	if m.uriHidden {
		for _, each := range m.query {
			tx.AddGetRequestArgument(decoded(each.name), decoded(each.value))
		}
	}
	tx.AddRequestHeader("Host", m.request.Host)
	for name, values := range m.request.Headers {
		if strings.EqualFold(name, "Host") {
			continue
		}
		for _, value := range values {
			tx.AddRequestHeader(name, value)
		}
	}
	tx.ProcessRequestHeaders()
	for _, each := range m.form {
		tx.AddPostRequestArgument(each.name, each.value)
	}
	if m.uniform {
		tx.AddPostRequestArgument("", m.body)
	} else if m.body != "" {
		if _, _, err := tx.WriteRequestBody([]byte(m.body)); err != nil {
			return fmt.Errorf("inspect body: %w", err)
		}
	}
	if _, err := tx.ProcessRequestBody(); err != nil {
		return fmt.Errorf("inspect body: %w", err)
	}
	return nil
}

func (m message) uri() string {
	if m.uriHidden {
		return "/"
	}
	if len(m.query) == 0 {
		return m.request.Path
	}
	return m.request.Path + "?" + joined(m.query)
}

func joined(parts []pair) string {
	texts := make([]string, len(parts))
	for i, each := range parts {
		texts[i] = each.name
		if !each.bare {
			texts[i] += "=" + each.value
		}
	}
	return strings.Join(texts, "&")
}

func decoded(text string) string {
	plain, err := url.QueryUnescape(text)
	if err != nil {
		return text
	}
	return plain
}

// without returns the message with the values of excluded fields emptied; their
// names stay.
func (m message) without(hidden []rule.Exclusion) message {
	if len(hidden) == 0 {
		return m
	}
	headers := m.request.Headers.Clone()
	for _, exclusion := range hidden {
		for name := range headers {
			if anyMatches(exclusion.Headers, name) {
				headers[name] = []string{""}
			}
		}
		for i, line := range headers["Cookie"] {
			headers["Cookie"][i] = emptyCookies(line, exclusion.Cookies)
		}
		m.query = emptied(m.query, exclusion.QueryParams, decoded)
		m.form = emptied(m.form, exclusion.QueryParams, func(name string) string { return name })
		if len(exclusion.QueryParams) > 0 && m.body != "" && !m.uniform {
			m.body = joined(emptied(pairs(m.body), exclusion.QueryParams, decoded))
		}
		m.uriHidden = m.uriHidden || anyMatches(exclusion.URIs, m.request.Path) ||
			anyMatches(exclusion.URIs, m.request.Scheme+"://"+m.request.Host+m.request.Path)
	}
	m.request.Headers = headers
	return m
}

func anyMatches(fields []rule.Field, name string) bool {
	return slices.ContainsFunc(fields, func(field rule.Field) bool { return field.Matches(name) })
}

func emptied(parts []pair, fields []rule.Field, name func(string) string) []pair {
	kept := slices.Clone(parts)
	for i := range kept {
		if anyMatches(fields, name(kept[i].name)) {
			kept[i].value = ""
		}
	}
	return kept
}

func emptyCookies(line string, fields []rule.Field) string {
	cookies := strings.Split(line, ";")
	for i, cookie := range cookies {
		name, _, valued := strings.Cut(cookie, "=")
		if valued && anyMatches(fields, strings.TrimSpace(name)) {
			cookies[i] = name + "="
		}
	}
	return strings.Join(cookies, ";")
}
