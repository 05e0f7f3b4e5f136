// Package benign is the traffic of honest clients: device names of all systems,
// product names, notes of administrators in many languages, ids of users, user agents, cookies
// of analytics scripts and headers of browsers and libraries. None of it may be
// refused; the tests of the policy and `make attack` send all of it.
package benign

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Request is one request of an honest client, without its token.
type Request struct {
	// Kind is what is special about it: "device", "borrower", "product", "note", "user", "agent",
	// "cookie", "header" or "call".
	Kind string
	// Text is the line of the corpus that it carries.
	Text string
	// Method, Path and Query are the request line's, encoded.
	Method, Path, Query string
	// Header are its headers.
	Header http.Header
	// Body is JSON; empty for a request without one.
	Body string
}

//go:embed data/*.txt
var data embed.FS

// newline replaces a line break in the notes.
const newline = "⏎"

// Requests are the whole corpus, in a fixed order. They call the licence with the
// id license.
func Requests(license string) ([]Request, error) {
	builders := []struct {
		file  string
		build func(text string) Request
	}{
		{"devices", func(text string) Request {
			return posted("device", "/v1/licenses/"+license+"/acquire", map[string]any{"fingerprint": text})
		}},
		{"devices", func(text string) Request {
			return posted("borrower", "/v1/licenses/"+license+"/borrow", map[string]any{"fingerprint": text, "durationSeconds": 3600})
		}},
		{"products", func(text string) Request {
			return posted("product", "/v1/licenses", map[string]any{
				"id": "team-42", "product": text, "seats": 25, "leaseSeconds": 300, "expiresAt": "2027-12-31T00:00:00Z",
			})
		}},
		{"metadata", func(text string) Request {
			return posted("note", "/v1/licenses/"+license+"/update", map[string]any{
				"metadata": map[string]string{"note": strings.ReplaceAll(text, newline, "\n"), "customer": "K-1042"},
			})
		}},
		{"users", func(text string) Request {
			return posted("user", "/v1/privacy/export", map[string]any{"user": text})
		}},
		{"agents", func(text string) Request { return with("agent", "User-Agent", text) }},
		{"cookies", func(text string) Request { return with("cookie", "Cookie", text) }},
		{"headers", func(text string) Request {
			name, value, _ := strings.Cut(text, ": ")
			return with("header", name, value)
		}},
		{"calls", call},
	}
	var all []Request
	for _, each := range builders {
		lines, err := linesOf(each.file)
		if err != nil {
			return nil, err
		}
		for _, line := range lines {
			request := each.build(line)
			request.Text = line
			all = append(all, request)
		}
	}
	return all, nil
}

func linesOf(name string) ([]string, error) {
	content, err := data.ReadFile("data/" + name + ".txt")
	if err != nil {
		return nil, fmt.Errorf("read the corpus: %w", err)
	}
	lines := strings.Split(strings.TrimSuffix(string(content), "\n"), "\n")
	return slices.DeleteFunc(lines, func(line string) bool { return line == "" }), nil
}

// posted is a request with a JSON body, from the IDE.
func posted(kind, path string, body any) Request {
	text, err := json.Marshal(body)
	if err != nil { // strings and numbers always encode
		panic(err)
	}
	request := with(kind, "Content-Type", "application/json")
	request.Method, request.Path, request.Body = http.MethodPost, path, string(text)
	return request
}

// with is a request of the IDE with one header changed or added.
func with(kind, name, value string) Request {
	header := http.Header{
		"User-Agent": {"coditect-ide/2.1.0 (darwin; arm64) Electron/38.2.0"}, "Accept": {"application/json"},
		"Accept-Encoding": {"gzip, deflate, br"}, "Accept-Language": {"en-GB,en;q=0.9"},
	}
	header.Set(name, value)
	return Request{Kind: kind, Method: http.MethodGet, Path: "/health", Header: header}
}

// call is a line "METHOD path?query body", the body being optional.
func call(line string) Request {
	method, rest, _ := strings.Cut(line, " ")
	target, body, _ := strings.Cut(rest, " ")
	path, query, _ := strings.Cut(target, "?")
	request := with("call", "Accept", "*/*")
	request.Method, request.Path, request.Query, request.Body = method, path, query, body
	if body != "" {
		request.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	return request
}
