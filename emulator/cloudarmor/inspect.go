package cloudarmor

import (
	"fmt"
	"slices"

	"github.com/coditect-ai/license-platform/armor/expression"
	"github.com/coditect-ai/license-platform/armor/rule"
)

// PreconfiguredWAF says whether a signature of the set fires on the request,
// and remembers which ones did. The request is scanned once for all rules, and
// once more for every other way in which rules exclude its fields.
func (l *evaluation) PreconfiguredWAF(call expression.WAFCall) (bool, error) {
	set, err := rule.ParseSet(call.Set)
	if err != nil {
		return false, err
	}
	whole, err := l.scan(nil)
	if err != nil {
		return false, err
	}
	fired := map[string]bool{}
	for _, found := range whole {
		for _, candidate := range signatures(set, found) {
			if !call.Selects(candidate.id, candidate.sensitivity) {
				continue
			}
			hidden := l.exclusionsFor(set, candidate.id)
			if len(hidden) > 0 && !found.body {
				rest, err := l.scan(hidden)
				if err != nil {
					return false, err
				}
				if !slices.ContainsFunc(rest, func(h hit) bool { return h.number == found.number }) {
					continue
				}
			}
			fired[candidate.id] = true
		}
	}
	for id := range fired {
		l.signatures = append(l.signatures, id)
	}
	slices.Sort(l.signatures)
	return len(fired) > 0, nil
}

// exclusionsFor are the rule's exclusions that a signature is subject to.
func (l *evaluation) exclusionsFor(set rule.Set, id string) []rule.Exclusion {
	var subject []rule.Exclusion
	for _, exclusion := range l.rule.Exclusions {
		if exclusion.Set == set.Name && (len(exclusion.Signatures) == 0 || slices.Contains(exclusion.Signatures, id)) {
			subject = append(subject, exclusion)
		}
	}
	return subject
}

// scan runs the request, without the excluded fields, past the WAF.
func (l *evaluation) scan(hidden []rule.Exclusion) ([]hit, error) {
	key := fmt.Sprint(hidden)
	if hits, done := l.scans[key]; done {
		return hits, nil
	}
	message := newMessage(l.request, l.state.policy.config).without(hidden)
	hits, err := l.options.WAF.scan(l.state.level, message)
	if err != nil {
		l.failure = err
		return nil, err
	}
	l.scans[key] = hits
	return hits, nil
}
