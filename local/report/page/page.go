// Package page is the embedded cloud's console: how the cloud is, what its seven
// layers did with each request, who may talk to whom, the seats, the alerts and the
// audit trail. It is one HTML document with a style sheet and a few scripts that are
// served as they are, and needs nothing from elsewhere.
package page

import (
	"embed"
	"fmt"
	"hash/fnv"
	"html/template"
	"io/fs"
	"net"
	"net/http"
	"time"

	"github.com/coditect-ai/license-platform/local/report/requestlog"
)

//go:embed web
var web embed.FS

// shown is how many requests the document begins with.
const shown = 100

// view is what the template gets.
type view struct {
	State
	Banner  Banner
	Figures requestlog.Figures
	Filter  requestlog.Filter
	Rows    []row
	Matched int
	// Wrong says what is wrong with the filter in the address.
	Wrong string
	// Blank is what the script fills in.
	Blank row
}

// policy is the Content-Security-Policy of everything here: only what this server
// serves, no inline scripts or styles, and no text ever becomes HTML
// (https://www.w3.org/TR/CSP3/, https://www.w3.org/TR/trusted-types/).
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// Handler serves the page at /, its data below /api/ and its events at /events. It
// answers only requests for an address of this machine, so that no web page
// elsewhere can read it by a name that leads here.
func Handler(cloud Cloud) (http.Handler, error) {
	files, err := fs.Sub(web, "web")
	if err != nil {
		return nil, fmt.Errorf("find the page's files: %w", err)
	}
	parsed, err := template.New("page.html").Funcs(functions()).ParseFS(files, "page.html", "playbook.html")
	if err != nil {
		return nil, fmt.Errorf("read the page's templates: %w", err)
	}
	version, err := fingerprint(files)
	if err != nil {
		return nil, fmt.Errorf("read the page's files: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		v := view{State: cloud.State(), Figures: cloud.Book().Figures()}
		v.Banner = v.banner()
		filter, err := requestlog.ParseFilter(r.URL.Query())
		if err != nil {
			v.Wrong = err.Error()
		}
		found := cloud.Book().Search(filter, 0, shown)
		v.Filter, v.Rows, v.Matched = filter, rows(found.Requests), found.Matched
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		// A caller that is gone needs no page; the template itself is tested.
		_ = parsed.Execute(w, v)
	})
	mux.HandleFunc("GET /playbooks/{name}", func(w http.ResponseWriter, r *http.Request) {
		text, known := cloud.Playbook(r.PathValue("name"))
		if !known {
			http.Error(w, "this playbook does not exist", http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = parsed.ExecuteTemplate(w, "playbook.html", blocks(text))
	})
	mux.Handle("GET /web/", http.StripPrefix("/web/", assets(files)))
	data(mux, cloud)
	mux.Handle("GET /events", newStreams(cloud, version))
	return onlyHere(mux), nil
}

// fingerprint is another one when a file is.
func fingerprint(files fs.FS) (string, error) {
	sum := fnv.New64a()
	err := fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, path)
		_, _ = sum.Write(append(content, path...)) // a hash never fails to take bytes
		return err
	})
	return fmt.Sprintf("%016x", sum.Sum64()), err
}

// assets serves the style sheet and the scripts, and nothing else.
func assets(files fs.FS) http.Handler {
	server := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, ending := range []string{"*.css", "*.js"} {
			if matched, err := fs.Glob(files, ending); err == nil && contains(matched, r.URL.Path) {
				server.ServeHTTP(w, r)
				return
			}
		}
		http.NotFound(w, r)
	})
}

func contains(all []string, one string) bool {
	for _, each := range all {
		if each == one {
			return true
		}
	}
	return false
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
		w.Header().Set("Content-Security-Policy", policy)
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
		"clock": func(t time.Time) string { return t.Local().Format(time.TimeOnly) },
		"rate":  rate,
		"share": share,
		"ms": func(milliseconds float64) string {
			return duration(time.Duration(milliseconds * float64(time.Millisecond)))
		},
		"plural": func(n int, one, more string) string {
			if n == 1 {
				return one
			}
			return more
		},
	}
}

// StoppedBy is how many requests a layer has stopped.
func (v view) StoppedBy(number int) int { return v.Figures.Total.Stopped[number-1] }

// StoppedLately is how many requests were stopped in the last minutes.
func (v view) StoppedLately() (all int) {
	for _, n := range v.Figures.Lately.Stopped {
		all += n
	}
	return all
}

// Methods are those that can be chosen.
func (v view) Methods() []string {
	return []string{http.MethodGet, http.MethodPost, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodPatch, http.MethodDelete}
}
