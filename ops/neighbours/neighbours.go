// Package neighbours lists the resources of a stack's plan that change something that
// existed before, or that others read.
package neighbours

import (
	"fmt"
	"slices"
	"strings"

	"github.com/coditect-ai/license-platform/declared"
	"github.com/coditect-ai/license-platform/emulator/memory"
	"github.com/coditect-ai/license-platform/stack/plan"
)

// Row is something that belongs to others, and how the plan affects it.
type Row struct {
	// Resources are the names of the plan's resources that affect it.
	Resources []string
	// Touches says what is affected, How in which way, and LeaveOut how a stack avoids
	// the effect.
	Touches, How, LeaveOut string
}

// effect is about one type of resource.
type effect struct {
	typ string
	// when tells whether a resource of the type affects others; always
	// when nil.
	when func(declared.Resource) bool
	row  Row
}

// Table lists the effects of the plan on others, and the resources of a type that is
// not classified: a new type has to be classified before it is deployed.
func Table(p *plan.Plan) (rows []Row, unknown []string) {
	for _, e := range effects() {
		row := e.row
		for _, r := range p.Of(e.typ) {
			if e.when == nil || e.when(r) {
				row.Resources = append(row.Resources, r.Name)
			}
		}
		if slices.Sort(row.Resources); len(row.Resources) > 0 {
			rows = append(rows, row)
		}
	}
	kinds := memory.Kinds()
	for _, r := range p.InCloud() {
		if !kinds[r.Type].Own && !classified(r.Type) {
			unknown = append(unknown, r.Type+" "+r.Name)
		}
	}
	return rows, unknown
}

func classified(typ string) bool {
	return slices.ContainsFunc(effects(), func(e effect) bool { return e.typ == typ })
}

// Markdown is the table of the document.
func Markdown(rows []Row) string {
	var text strings.Builder
	text.WriteString("| What is affected | How | How to avoid it | Resources of the plan |\n|---|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&text, "| %s | %s | %s | `%s` |\n", r.Touches, r.How, r.LeaveOut, strings.Join(r.Resources, "`, `"))
	}
	return text.String()
}
