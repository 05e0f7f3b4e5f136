package page

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/coditect-ai/license-platform/local/report/requestlog"
)

const (
	// maxRows is the most that one answer lists.
	maxRows = 1000
	// storeTimeout bounds how long an answer waits for the stores.
	storeTimeout = 3 * time.Second
)

// List is the answer to a search.
type List struct {
	Rows []row `json:"rows"`
	// Matched is how many of the stored requests fit the filter.
	Matched int `json:"matched"`
	Stored  int `json:"stored"`
	// Newest is the seq of the newest stored request.
	Newest uint64 `json:"newest"`
	// More says that there are older ones that fit.
	More bool `json:"more"`
}

// Detail is all that is known of one request.
type Detail struct {
	Row       row    `json:"row"`
	Verdict   string `json:"verdict"`
	Client    string `json:"client"`
	Region    string `json:"region,omitempty"`
	Backend   string `json:"backend,omitempty"`
	Trace     string `json:"trace,omitempty"`
	StoppedBy int    `json:"stoppedBy"`
	Way       []mark `json:"way"`
	Log       []Line `json:"log"`
}

// Console is the state with its banner.
type Console struct {
	Banner Banner `json:"banner"`
	State
}

// Timeline are the figures with what happened meanwhile.
type Timeline struct {
	requestlog.Figures
	Marks []Mark `json:"marks"`
	// Requests, Passed and Stopped are how many a second, lately, in words.
	Requests string `json:"requests"`
	// Share is how many of those were passed.
	Share string `json:"share"`
}

// data adds the JSON endpoints for the scripts and for people.
func data(mux *http.ServeMux, cloud Cloud) {
	mux.HandleFunc("GET /api/state", func(w http.ResponseWriter, _ *http.Request) { answer(w, console(cloud)) })
	mux.HandleFunc("GET /api/figures", func(w http.ResponseWriter, _ *http.Request) { answer(w, timeline(cloud)) })
	mux.HandleFunc("GET /api/topology", func(w http.ResponseWriter, _ *http.Request) { answer(w, cloud.Topology()) })
	mux.HandleFunc("GET /api/seats", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), storeTimeout)
		defer cancel()
		answer(w, cloud.Seats(ctx))
	})
	mux.HandleFunc("GET /api/audit", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), storeTimeout)
		defer cancel()
		answer(w, cloud.Audit(ctx))
	})
	mux.HandleFunc("GET /api/requests", func(w http.ResponseWriter, r *http.Request) {
		found, err := list(cloud.Book(), r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		answer(w, found)
	})
	mux.HandleFunc("GET /api/requests/{id}", func(w http.ResponseWriter, r *http.Request) {
		k, known := cloud.Book().Find(r.PathValue("id"))
		if !known {
			http.Error(w, "no request with this id is kept: it is too old, or the id is wrong", http.StatusNotFound)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), storeTimeout)
		defer cancel()
		answer(w, detail(k, cloud.Log(ctx, k.Passage)))
	})
}

func console(cloud Cloud) Console {
	state := cloud.State()
	return Console{state.banner(), state}
}

func timeline(cloud Cloud) Timeline {
	figures := cloud.Book().Figures()
	return Timeline{
		Figures: figures, Marks: cloud.Marks(),
		Requests: rate(figures.Lately.All, figures.Seconds), Share: share(figures.Lately.Passed, figures.Lately.All),
	}
}

// list answers text, layer, outcome, status, method (requestlog.ParseFilter), before (a
// seq; 0 for the newest) and limit (1 to maxRows, 100 when missing).
func list(book *requestlog.Book, r *http.Request) (List, error) {
	query := r.URL.Query()
	filter, err := requestlog.ParseFilter(query)
	if err != nil {
		return List{}, err
	}
	before, limit := uint64(0), shown
	if text := query.Get("before"); text != "" {
		if before, err = strconv.ParseUint(text, 10, 64); err != nil {
			return List{}, fmt.Errorf("before %.20q is not a seq of a request: a number, or nothing for the newest", text)
		}
	}
	if text := query.Get("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > maxRows {
			return List{}, fmt.Errorf("limit %.20q is out of range: 1 to %d", text, maxRows)
		}
	}
	found := book.Search(filter, before, limit+1)
	more := len(found.Requests) > limit
	return List{
		Rows: rows(found.Requests[:min(limit, len(found.Requests))]), Matched: found.Matched, Stored: found.Stored, Newest: found.Newest, More: more,
	}, nil
}

func detail(k requestlog.Kept, log []Line) Detail {
	if log == nil {
		log = []Line{}
	}
	return Detail{
		Row: rowOf(k), Verdict: verdict(k.Passage), Client: k.Client, Region: k.Region, Backend: k.Backend, Trace: k.Trace,
		StoppedBy: k.StoppedBy, Way: way(k.Passage), Log: log,
	}
}

func answer(w http.ResponseWriter, value any) {
	content, err := json.Marshal(value)
	if err != nil {
		http.Error(w, "the answer cannot be written: "+strings.TrimSpace(err.Error()), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(content) // a caller that is gone needs no answer
}
