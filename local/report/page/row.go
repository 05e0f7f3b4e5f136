package page

import (
	"fmt"
	"strconv"
	"time"

	"github.com/coditect-ai/license-platform/local/report/layer"
	"github.com/coditect-ai/license-platform/local/report/requestlog"
)

// row is a request in the list.
type row struct {
	Seq    uint64 `json:"seq"`
	ID     string `json:"id"`
	At     string `json:"at"`   // the hour of this machine, 17:03:22
	Time   int64  `json:"time"` // when it began, in milliseconds of Unix time: the browser may have other hours
	Method string `json:"method"`
	Host   string `json:"host"`
	Path   string `json:"path"`
	Status string `json:"status"` // "–" when the client left before there was one
	// Outcome is passed, stopped or left.
	Outcome requestlog.Outcome `json:"outcome"`
	// Way has a letter for each layer: p passed, s stopped, k skipped, - not reached.
	Way string `json:"way"`
	// Said is what decided.
	Said string `json:"said"`
	Took string `json:"took"` // with its unit
}

func rows(kept []requestlog.Kept) []row {
	all := make([]row, 0, len(kept))
	for _, k := range kept {
		all = append(all, rowOf(k))
	}
	return all
}

func rowOf(k requestlog.Kept) row {
	r := row{
		Seq: k.Seq, ID: k.ID, At: k.Time.Local().Format(time.TimeOnly), Time: k.Time.UnixMilli(), Method: k.Method, Host: k.Host, Path: k.Path,
		Status: strconv.Itoa(k.Status), Outcome: k.Outcome(), Said: reason(k.Passage), Took: duration(k.Took),
	}
	if k.Status == 0 {
		r.Status = "–"
	}
	for _, m := range way(k.Passage) {
		letter := map[requestlog.Outcome]string{requestlog.Passed: "p", requestlog.Stopped: "s", requestlog.Skipped: "k"}[m.Outcome]
		if letter == "" {
			letter = "-"
		}
		r.Way += letter
	}
	return r
}

// Layers splits the way into the letters of the layers, for the template.
func (r row) Layers() []string {
	all := make([]string, layer.Observability)
	for i := range all {
		all[i] = "-"
		if i < len(r.Way) {
			all[i] = r.Way[i : i+1]
		}
	}
	return all
}

// duration is written with two or three digits.
func duration(d time.Duration) string {
	milliseconds := float64(d) / float64(time.Millisecond)
	switch {
	case d <= 0:
		return ""
	case milliseconds < 10:
		return fmt.Sprintf("%.1f ms", milliseconds)
	case milliseconds < 1000:
		return fmt.Sprintf("%.0f ms", milliseconds)
	default:
		return fmt.Sprintf("%.1f s", milliseconds/1000)
	}
}

// rate is how many a second that are; empty when no time has passed.
func rate(n int, seconds float64) string {
	if seconds < 1 {
		return ""
	}
	each := float64(n) / seconds
	switch {
	case n == 0:
		return "0"
	case each < 0.095:
		return fmt.Sprintf("%.2f", each)
	case each < 9.95:
		return fmt.Sprintf("%.1f", each)
	default:
		return fmt.Sprintf("%.0f", each)
	}
}

// share is n of all in per cent; empty when all is 0.
func share(n, all int) string {
	if all == 0 {
		return ""
	}
	percent := 100 * float64(n) / float64(all)
	if n > 0 && n < all && (percent < 1 || percent > 99) {
		return fmt.Sprintf("%.1f %%", min(max(percent, 0.1), 99.9))
	}
	return fmt.Sprintf("%.0f %%", percent)
}
