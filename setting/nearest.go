package setting

import (
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// Nearest returns the known word that was most probably meant by the written
// one, or "" when none is near: case does not count, and about a third of the
// letters may be wrong.
func Nearest(written string, known []string) string {
	best, least := "", len(written)/3+1
	for _, word := range slices.Sorted(slices.Values(known)) {
		distance := levenshtein.Distance(strings.ToLower(written), strings.ToLower(word), nil)
		if distance <= least && distance < max(len(written), len(word)) {
			if distance == least && best != "" {
				continue
			}
			best, least = word, distance
		}
	}
	return best
}

// Hint is the allowed words as a problem shows them: the nearest first, as a
// question, then all.
func Hint(written string, known []string) string {
	all := "one of " + strings.Join(known, ", ")
	if near := Nearest(written, known); near != "" {
		return near + "?; " + all
	}
	return all
}
