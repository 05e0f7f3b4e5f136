package app

import (
	"fmt"
	"maps"
	"strings"
	"time"
)

// Changes says in words what is different between two versions of a licence, for the
// audit trail, such as "seats 5 -> 9, overage 1 -> 1.2". Of metadata, which is the
// administrator's own, it says only that it changed. "" means no difference.
func Changes(before, after License) string {
	old, words := terms(before), []string(nil)
	for i, term := range terms(after) {
		switch was := old[i].value; {
		case was == term.value:
		case before.ID == "":
			words = append(words, term.name+" "+term.value)
		default:
			words = append(words, term.name+" "+was+" -> "+term.value)
		}
	}
	if !maps.Equal(before.Metadata, after.Metadata) {
		words = append(words, "metadata")
	}
	return strings.Join(words, ", ")
}

type term struct{ name, value string }

// terms are what a licence says, always in the same order.
func terms(l License) []term {
	return append([]term{
		{"product", l.Product},
		{"seats", fmt.Sprint(l.Seats)},
		{"status", string(l.Status)},
		{"leaseSeconds", fmt.Sprint(l.LeaseTTL.Seconds())},
		{"heartbeatSeconds", fmt.Sprint(l.HeartbeatInterval.Seconds())},
		{"maxBorrowSeconds", fmt.Sprint(l.MaxBorrow.Seconds())},
		{"requireFingerprint", fmt.Sprint(l.RequireFingerprint)},
		{"overage", fmt.Sprint(l.Overage)},
		{"expiresAt", expiry(l.ExpiresAt)},
	}, policyTerms(l.Policy)...)
}

// expiry says in words when something ends.
func expiry(end time.Time) string {
	if end.IsZero() {
		return "never"
	}
	return end.UTC().Format(time.RFC3339)
}
