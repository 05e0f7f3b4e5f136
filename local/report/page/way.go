package page

import (
	"fmt"

	"github.com/coditect-ai/license-platform/local/report/layer"
	"github.com/coditect-ai/license-platform/local/report/requestlog"
)

// mark is what one layer did with a request.
type mark struct {
	Layer int    `json:"layer"`
	Name  string `json:"name"`
	// Outcome is empty when nothing is known of the layer.
	Outcome requestlog.Outcome `json:"outcome"`
	Why     string             `json:"why"`
}

// way has a mark for each of the seven layers.
func way(p requestlog.Passage) []mark {
	marks := make([]mark, 0, layer.Observability)
	for _, l := range layer.All() {
		m := mark{Layer: l.Number, Name: l.Name, Why: "not reached"}
		if p.StoppedBy == 0 && !p.HungUp {
			m.Why = "behind the application, not seen from the load balancer"
		}
		for _, step := range p.Steps {
			if step.Layer == l.Number {
				m.Outcome, m.Why = step.Outcome, step.Why
			}
		}
		marks = append(marks, m)
	}
	return marks
}

// verdict is the heading of a request.
func verdict(p requestlog.Passage) string {
	if p.HungUp {
		return "the client hung up"
	}
	if p.StoppedBy == 0 {
		return "passed"
	}
	return fmt.Sprintf("stopped by layer %d, %s", p.StoppedBy, layer.Name(p.StoppedBy))
}

// reason is why: the text of the layer that stopped it, else of the one that
// answered.
func reason(p requestlog.Passage) string {
	words := ""
	for _, step := range p.Steps {
		if step.Layer == p.StoppedBy {
			return step.Why
		}
		if step.Layer != layer.Observability {
			words = step.Why
		}
	}
	return words
}
