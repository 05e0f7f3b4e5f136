package redis

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coditect-ai/license-platform/app"
)

// What all licences share: the queue of housekeeping, and how full licences are. Scripts
// use it together with one licence's keys, so the store is one server and no cluster.
const (
	keyDue     = "housekeeping:due"
	keyJobs    = "housekeeping:jobs"
	keyPlaces  = "housekeeping:places"
	keyOwners  = "housekeeping:owners"
	keyUsed    = "housekeeping:used"
	keyFullest = "housekeeping:fullest"
	keySums    = "housekeeping:sums"
	keyNamed   = "housekeeping:named"
)

// keys returns the licence's keys in the order that the scripts expect.
func keys(ref app.LicenseRef) []string {
	prefix := "seats:{" + ref.Tenant + "/" + ref.License + "}:"
	return []string{
		prefix + "state", prefix + "leases", prefix + "holders", prefix + "devices", prefix + "endings", prefix + "claims", prefix + "origins",
		keyDue, prefix + "index", prefix + "groups", keyNamed,
	}
}

// refOf is the licence that the scripts call TENANT/LICENCE.
func refOf(member string) app.LicenseRef {
	tenant, license, _ := strings.Cut(member, "/")
	return app.LicenseRef{Tenant: tenant, License: license}
}

// digest replaces a fingerprint or a user, so that no personal data is kept here.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}

// kinds are the one-letter forms of app.Kind in the scripts.
func letter(kind app.Kind) string {
	if kind == app.KindBorrowed {
		return "b"
	}
	return "f"
}

func kindOf(letter string) app.Kind {
	if letter == "b" {
		return app.KindBorrowed
	}
	return app.KindFloating
}

// numbers are the licence's part of the arguments of reserve, load and configure: pairs of name
// and value, as the state has them, the revision last.
func numbers(l app.License) []any {
	// 0 is a licence without an end, so one that ended before 1970 ended a moment after.
	till, finish := int64(0), int64(0)
	if !l.ExpiresAt.IsZero() {
		till, finish = max(1, l.ExpiresAt.UnixMicro()), max(1, l.Over().UnixMicro())
	}
	take := ""
	if l.WhenFull == app.WhenFullTake {
		take = strconv.FormatInt(l.TakeIdle.Microseconds(), 10)
	}
	reserved := make([]string, len(l.Reservations))
	for i, r := range l.Reservations {
		reserved[i] = hex.EncodeToString([]byte(r.Group)) + ":" + strconv.Itoa(r.Seats)
	}
	return []any{
		"seats", l.Seats, "limit", l.Limit(), "ttl", l.LeaseTTL.Microseconds(), "interval", l.HeartbeatInterval.Microseconds(),
		"status", string(l.Status), "till", till, "finish", finish, "grace", l.LeaseGrace.Microseconds(), "limited", limited(l),
		"users", l.UserSeats, "reserved", strings.Join(reserved, " "), "take", take, "revision", l.Revision,
	}
}

// limited is 1 for a licence that needs an index.
func limited(l app.License) string {
	if l.Limited() {
		return "1"
	}
	return ""
}

// groupsOf are the groups that have reserved seats.
func groupsOf(l app.License, groups []string) string {
	var named []string
	for _, r := range l.Reservations {
		if slices.Contains(groups, r.Group) {
			named = append(named, hex.EncodeToString([]byte(r.Group)))
		}
	}
	return strings.Join(named, " ")
}

// groupOf reads a group that a script names.
func groupOf(text string) (string, error) {
	name, err := hex.DecodeString(text)
	return string(name), err
}

func instant(micros string) (time.Time, error) {
	n, err := strconv.ParseInt(micros, 10, 64)
	if err != nil {
		// Scores come back as floating point text when they are large.
		f, ferr := strconv.ParseFloat(micros, 64)
		if ferr != nil {
			return time.Time{}, err
		}
		n = int64(f)
	}
	if n == 0 {
		return time.Time{}, nil
	}
	return time.UnixMicro(n).UTC(), nil
}
