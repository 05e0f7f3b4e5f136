package command

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coditect-ai/license-platform/local/pulumi/engine"
)

// often is how often a line of progress is written at most.
const often = time.Second

// progress turns the engine's steps into short lines: one a second, one for
// every resource that took long or failed, and with all one for each.
type progress struct {
	out *printer
	all bool

	mu      sync.Mutex
	began   map[string]time.Time
	changed map[string]int // by verb
	same    int
	told    time.Time
}

func newProgress(out *printer, all bool) *progress {
	return &progress{out: out, all: all, began: map[string]time.Time{}, changed: map[string]int{}}
}

// verb is the engine's operation in the past tense.
func verb(op string) string {
	switch op {
	case "create", "create-replacement":
		return "created"
	case "update":
		return "updated"
	case "delete", "delete-replaced":
		return "deleted"
	case "import":
		return "imported"
	default:
		return op
	}
}

// watch is called for every step.
func (p *progress) watch(s engine.Step) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !s.Custom || strings.HasPrefix(s.Type, "pulumi:") {
		return
	}
	switch {
	case s.Op == "same" && s.Phase == engine.Done:
		p.same++
	case !s.Changes() || s.Op == "replace":
	case s.Phase == engine.Started:
		p.began[s.URN+s.Op] = time.Now()
	case s.Phase == engine.Done:
		p.changed[verb(s.Op)]++
		took := time.Since(p.began[s.URN+s.Op])
		lasted := ""
		if took >= slow {
			lasted = fmt.Sprintf(" in %.1f s", took.Seconds())
		}
		if p.all || lasted != "" || time.Since(p.told) >= often {
			p.told = time.Now()
			p.out.say("%-8s %3d  %s %s%s", verb(s.Op), p.total(), kindOf(s.Type), s.Name, lasted)
		}
	case s.Phase == engine.Failed:
		p.out.say("%s %s %s", p.out.red("failed       "), kindOf(s.Type), s.Name)
	}
}

func (p *progress) total() int {
	total := 0
	for _, n := range p.changed {
		total += n
	}
	return total
}

// outcome is one line about the result.
func (p *progress) outcome() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.total() == 0 {
		return fmt.Sprintf("0 changes, %d resources as declared", p.same)
	}
	var parts []string
	for _, done := range slices.Sorted(maps.Keys(p.changed)) {
		parts = append(parts, fmt.Sprintf("%d %s", p.changed[done], done))
	}
	return fmt.Sprintf("%s, %d unchanged", strings.Join(parts, ", "), p.same)
}

// kindOf shortens a type token: gcp:kms/keyRing:KeyRing is gcp KeyRing.
func kindOf(typ string) string {
	parts := strings.Split(typ, ":")
	return parts[0] + " " + parts[len(parts)-1]
}
