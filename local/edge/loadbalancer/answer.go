package loadbalancer

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

// answer is a response that counts what it sends and knows the load balancer's
// own pages.
type answer struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// Unwrap lets http.ResponseController flush and hijack.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// WriteHeader notes the final status; informational ones come before it.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write notes the number of bytes.
func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	n, err := a.ResponseWriter.Write(p)
	a.bytes += int64(n)
	return n, err
}

// page sends the load balancer's own page for a status: short HTML for what Cloud
// Armor stops, the older, longer page for what the backend failed to answer.
func (a *answer) page(status int) {
	text := fmt.Sprintf(`<!doctype html><meta charset="utf-8"><meta name=viewport content="width=device-width, initial-scale=1">`+
		`<title>%[1]d</title>%[1]d %[2]s`, status, http.StatusText(status))
	if status == http.StatusBadGateway {
		text = serverErrorPage
	}
	a.send(status, "text/html; charset=UTF-8", text)
}

const serverErrorPage = `
<html><head>
<meta http-equiv="content-type" content="text/html;charset=utf-8">
<title>502 Server Error</title>
</head>
<body text=#000000 bgcolor=#ffffff>
<h1>Error: Server Error</h1>
<h2>The server encountered a temporary error and could not complete your request.<p>Please try again in 30 seconds.</h2>
<h2></h2>
</body></html>
`

func (a *answer) text(status int, text string) {
	a.send(status, "text/plain; charset=utf-8", text)
}

// problem sends an RFC 9457 problem: for mistakes in what only this load balancer
// knows, so that they cannot be taken for the load balancer's answers.
func (a *answer) problem(status int, detail string) {
	body, err := json.Marshal(map[string]any{
		"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": detail,
	})
	if err != nil { // strings and numbers always encode
		panic(err)
	}
	a.send(status, "application/problem+json", string(body))
}

func (a *answer) send(status int, contentType, body string) {
	a.Header().Set("Content-Type", contentType)
	a.Header().Set("Content-Length", strconv.Itoa(len(body)))
	a.Header().Set("Via", "1.1 google")
	a.WriteHeader(status)
	_, _ = a.Write([]byte(body)) // a client that is gone needs no answer
}
