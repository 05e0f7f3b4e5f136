package command

import (
	"fmt"

	"github.com/coditect-ai/license-platform/local/daemon"
	"github.com/coditect-ai/license-platform/local/report/layer"
)

func (a *app) printLayers(status daemon.Status) {
	rows := [][]string{{"LAYER", "RESOURCES", "HERE", "ADDRESS"}}
	for _, l := range layer.All() {
		rows = append(rows, []string{fmt.Sprintf("%d %s", l.Number, l.Name), fmt.Sprint(status.Declared(l.Number)), l.Here, status.At(l)})
	}
	a.out.table(rows)
	existing := 0
	for _, n := range status.Existing {
		existing += n
	}
	a.out.line("beside %d things of the Cloud IDE, which were there before and stay as they are", existing)
}
