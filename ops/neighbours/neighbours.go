// Package neighbours answers one question about a stack's plan: what does it write
// to that was there before, or that others read?
package neighbours

import (
	"fmt"
	"slices"
	"strings"

	"github.com/coditect-ai/license-platform/declared"
	"github.com/coditect-ai/license-platform/emulator/memory"
	"github.com/coditect-ai/license-platform/stack/plan"
)

// Row is something of others that is touched.
type Row struct {
	// Resources are the plan's names of what touches it.
	Resources []string
	// Touches says what of others it is, How what is done to it, and LeaveOut how a
	// stack does without.
	Touches, How, LeaveOut string
}

// judgement is about one type of resource.
type judgement struct {
	typ string
	// when tells whether a resource of the type touches something of others; always
	// when nil.
	when func(declared.Resource) bool
	row  Row
}

// Table lists what of others the plan touches, and the resources that no judgement
// knows: a new type has to be judged before it is deployed.
func Table(p *plan.Plan) (rows []Row, unknown []string) {
	for _, j := range judgements() {
		row := j.row
		for _, r := range p.Of(j.typ) {
			if j.when == nil || j.when(r) {
				row.Resources = append(row.Resources, r.Name)
			}
		}
		if slices.Sort(row.Resources); len(row.Resources) > 0 {
			rows = append(rows, row)
		}
	}
	kinds := memory.Kinds()
	for _, r := range p.InCloud() {
		if !kinds[r.Type].Own && !judged(r.Type) {
			unknown = append(unknown, r.Type+" "+r.Name)
		}
	}
	return rows, unknown
}

func judged(typ string) bool {
	return slices.ContainsFunc(judgements(), func(j judgement) bool { return j.typ == typ })
}

// Markdown is the table as the document has it.
func Markdown(rows []Row) string {
	var text strings.Builder
	text.WriteString("| What of others | How it is touched | How to leave it out | Resources of the plan |\n|---|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&text, "| %s | %s | %s | `%s` |\n", r.Touches, r.How, r.LeaveOut, strings.Join(r.Resources, "`, `"))
	}
	return text.String()
}
