// Package page is the embedded cloud's page: the seven layers with their
// resources, and the way of each request through them as it happens. It is one
// HTML document that needs nothing from elsewhere.
package page

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"time"

	"github.com/coditect-ai/license-platform/local/trace"
)

//go:embed page.html
var document string

//go:embed page.css
var style string

//go:embed page.js
var script string

// World is what the page shows.
type World interface {
	// State is how the cloud is now.
	State() State
	// Recent are the ways of the latest requests, the newest first.
	Recent() []trace.Passage
	// Watch tells of every request until unwatch is called; tell must not block.
	Watch(tell func(trace.Passage)) (unwatch func())
	// Changes calls notify whenever the state may have changed, until unsubscribe
	// is called; notify must not block.
	Changes(notify func()) (unsubscribe func())
}

// State is how the cloud is.
type State struct {
	// Edge is where the front door is, for example https://127.0.0.1:8443.
	Edge string
	// Faults are the parts that were made to fail.
	Faults []string
	// Problems are what keeps the cloud from being what is declared, Notices how it is
	// meant to differ from what it is every day: a lockdown.
	Problems, Notices []string
	Layers            []Layer
}

// Layer is one of the seven.
type Layer struct {
	Number     int
	Name, Here string
	Address    string
	// Declared is how many of the resources the program declares.
	Declared int
	// Stopped is how many requests it has stopped since the cloud began.
	Stopped   int
	Resources []Resource
}

// Resource is a thing of a layer. None of its properties are here, so no secret
// can be.
type Resource struct {
	Kind, Name string
	// Note is what else there is to say, for example "ready".
	Note string
	// Warning says that the note is bad news.
	Warning bool
	// Existing was there before the stack.
	Existing bool
}

// shown is how many requests the page begins with, and keeps.
const shown = 100

// view is what the template gets.
type view struct {
	State
	Style    template.CSS
	Script   template.JS
	Passages []trace.Passage
	// Blank is what the script fills in.
	Blank trace.Passage
}

// Handler serves the page at / and its events at /events. It answers only
// requests for an address of this machine, so that no web page elsewhere can read
// it by a name that leads here.
func Handler(world World) (http.Handler, error) {
	parsed, err := template.New("page").Funcs(functions()).Parse(document)
	if err != nil {
		return nil, fmt.Errorf("read the page's template: %w", err)
	}
	policy := fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; connect-src 'self'; img-src data:; "+
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'", hash(style), hash(script))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		recent := world.Recent()
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", policy)
		// A caller that is gone needs no page; the template itself is tested.
		_ = parsed.Execute(w, view{
			State: world.State(), Style: template.CSS(style), Script: template.JS(script), Passages: recent[:min(len(recent), shown)],
		})
	})
	mux.HandleFunc("GET /events", func(w http.ResponseWriter, r *http.Request) { stream(w, r, world) })
	return onlyHere(mux), nil
}

// hash is how a Content-Security-Policy names a text that may be run.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func onlyHere(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := r.Host
		if host, _, err := net.SplitHostPort(r.Host); err == nil {
			name = host
		}
		if ip := net.ParseIP(name); (ip == nil || !ip.IsLoopback()) && name != "localhost" {
			http.Error(w, "this page is for this machine only: open it at 127.0.0.1 or localhost", http.StatusMisdirectedRequest)
			return
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
		w.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func functions() template.FuncMap {
	return template.FuncMap{
		"clock": func(t time.Time) string { return t.Local().Format("15:04:05") },
		// way lists the seven layers with what each did to a request.
		"way": way,
		// said is what decided: the stopping layer's words, or the last layer's.
		"said":    said,
		"verdict": verdict,
	}
}
