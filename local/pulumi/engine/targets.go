package engine

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// targets are the resources that an operation is limited to, as URNs or patterns.
// The engine does not mind a pattern that matches nothing; people do.
type targets struct {
	patterns []string

	mu   sync.Mutex
	seen map[string]bool // patterns that match a resource
}

func newTargets(patterns []string) *targets {
	return &targets{patterns: patterns, seen: map[string]bool{}}
}

// watch notes which resources there are.
func (t *targets) watch(next func(Step)) func(Step) {
	return func(s Step) {
		t.mu.Lock()
		for _, pattern := range t.patterns {
			t.seen[pattern] = t.seen[pattern] || matches(pattern, s.URN)
		}
		t.mu.Unlock()
		next(s)
	}
}

// check adds to an operation's error the patterns that name no resource.
func (t *targets) check(err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	failed := []error{err}
	for _, pattern := range t.patterns {
		if !t.seen[pattern] && err == nil {
			failed = append(failed, fmt.Errorf("no resource matches the target %q: a target is a URN, or a pattern like '**::NAME' in which * stands for a part of a URN and ** for any number of parts", pattern))
		}
	}
	return errors.Join(failed...)
}

// matches reads a pattern as the engine does.
func matches(pattern, urn string) bool {
	expression := strings.NewReplacer(`\*\*`, `.*`, `\*`, `[^:]*`).Replace(regexp.QuoteMeta(pattern))
	matched, err := regexp.MatchString("^"+expression+"$", urn)
	return err == nil && matched
}
