package server_test

import (
	"encoding/csv"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
)

func TestARefusalThatIsRepeatedIsCountedAndNotWrittenAgain(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	admin, ada := w.admin(t), w.google.Mint(t, apptest.Claims(mine, "ada"))
	wanted := app.Period{From: time.Now().UTC().Truncate(time.Hour), To: time.Now().Add(time.Hour)}
	const tries = 20
	for i := range tries {
		require.Equal(t, "license_not_found", api.acquire(t, fmt.Sprintf("made-up-%d", i), ada, "x").text("code"))
		require.Equal(t, "borrow_not_allowed", api.call(t, "POST", "/v1/licenses/big/borrow", ada, `{"fingerprint":"y","durationSeconds":60}`).text("code"))
	}
	found, _, err := w.ledger(t).Denials(t.Context(), mine, "", wanted, app.Event{}, 100)
	require.NoError(t, err)
	// When the hour ends in the middle of it there are two of each.
	require.LessOrEqual(t, len(found), 4)
	times := map[app.Code]int{}
	for _, d := range found {
		times[d.Code] += d.Times
		assert.False(t, d.LastAt.Before(d.At))
	}
	assert.Equal(t, map[app.Code]int{"license_not_found": tries, "borrow_not_allowed": tries}, times)

	denials := api.call(t, "GET", "/v1/denials?license=big", admin, "")
	require.Equal(t, 200, denials.status, string(denials.raw))
	items, _ := denials.body["items"].([]any)
	require.NotEmpty(t, items)
	first, _ := items[0].(map[string]any)
	assert.Equal(t, []any{"ada", "borrow_not_allowed", "POST /v1/licenses/{license_id}/borrow", "big"}, []any{first["user"], first["code"], first["asked"], first["licenseId"]})

	// After an erasure neither the trail nor the counts lead to the user.
	before := w.postgres.Text(t, `SELECT string_agg(encode(digest, 'hex'), ',' ORDER BY digest) FROM licensing.refusal`)
	require.Equal(t, 200, api.call(t, "POST", "/v1/privacy/erase", admin, `{"user":"ada"}`).status)
	assert.NotContains(t, string(api.call(t, "GET", "/v1/denials", admin, "").raw), `"ada"`)
	for _, digest := range strings.Split(before, ",") {
		assert.Zero(t, w.postgres.Count(t, `SELECT count(*) FROM licensing.refusal WHERE encode(digest, 'hex') = $1`, digest))
	}
}

func TestDenialsComeInPagesAsJSONAndAsHarmlessCSV(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	admin := w.admin(t)
	claims := apptest.Claims(mine, "=cmd|' /C calc'!A0")
	require.Equal(t, "license_not_found", api.acquire(t, "none", w.google.Mint(t, claims), "x").text("code"))
	for n := range 4 {
		require.Equal(t, "forbidden", api.call(t, "GET", "/v1/audit", w.google.Mint(t, apptest.Claims(mine, fmt.Sprintf("user-%d", n))), "").text("code"))
	}
	var users []string
	cursor := ""
	for {
		page := api.call(t, "GET", "/v1/denials?limit=2&cursor="+cursor, admin, "", "Accept", "text/csv")
		require.Equal(t, 200, page.status)
		require.Equal(t, "text/csv; charset=utf-8; header=present", page.header.Get("Content-Type"))
		rows, err := csv.NewReader(strings.NewReader(string(page.raw))).ReadAll()
		require.NoError(t, err)
		require.LessOrEqual(t, len(rows), 3)
		assert.Equal(t, "at,lastAt,times,user,code,asked,licenseId,leaseId,address,requestId", strings.Join(rows[0], ","))
		for _, row := range rows[1:] {
			users = append(users, row[3])
		}
		if cursor = page.header.Get("Next-Cursor"); cursor == "" {
			break
		}
	}
	assert.Equal(t, []string{"'=cmd|' /C calc'!A0", "user-0", "user-1", "user-2", "user-3"}, users)
	whole := api.call(t, "GET", "/v1/denials?format=json", admin, "", "Accept", "text/csv")
	assert.Equal(t, "application/json", whole.header.Get("Content-Type"))
	assert.ElementsMatch(t, []string{"Origin", "Accept"}, whole.header.Values("Vary"))
	items, _ := whole.body["items"].([]any)
	assert.Len(t, items, 5)
	theirAdmin := apptest.Claims(theirs, "root")
	theirAdmin["role"] = "admin"
	assert.JSONEq(t, `{"items":[]}`, string(api.call(t, "GET", "/v1/denials", w.google.Mint(t, theirAdmin), "").raw), "another tenant's are not seen")

	ada := w.google.Mint(t, apptest.Claims(mine, "ada"))
	for query, code := range map[string]string{
		"limit=0": "validation_failed", "limit=1001": "validation_failed", "cursor=x": "validation_failed", "cursor=-1:2": "validation_failed", "format=xml": "validation_failed",
		"from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z": "validation_failed", "from=2999-01-01T00:00:00Z": "validation_failed",
		"to=1999-01-01T00:00:00Z": "validation_failed", "from=yesterday": "validation_failed", "license=NONE": "license_not_found",
	} {
		assert.Equal(t, code, api.call(t, "GET", "/v1/denials?"+query, admin, "").text("code"), query)
	}
	assert.Equal(t, "forbidden", api.call(t, "GET", "/v1/denials", ada, "").text("code"))
	assert.Equal(t, "forbidden", api.call(t, "GET", "/v1/licenses/demo/usage", ada, "").text("code"))
	assert.Equal(t, "license_not_found", api.call(t, "GET", "/v1/licenses/none/usage", admin, "").text("code"))
}

// use is what the report says about the hours before one, as PEAK/GRANTED/REFUSED, the latest
// last.
func (h *hooked) use(t *testing.T, before time.Time, hours int) []string {
	t.Helper()
	_, found, err := h.UsageReport(t.Context(), root(), "demo", app.Period{From: before.Add(-time.Duration(hours) * time.Hour), To: before})
	require.NoError(t, err)
	var out []string
	for _, hour := range found {
		out = append(out, fmt.Sprintf("%d/%d/%d", hour.Peak, hour.Granted, hour.Refused))
	}
	return out
}

// ago moves what was written since an hour began some hours before it, in the same order.
func (h *hooked) ago(t *testing.T, began time.Time, hours int) {
	t.Helper()
	h.fixture.postgres.Admin(t, fmt.Sprintf(`UPDATE licensing.audit SET at = '%[1]s'::timestamptz - interval '%[2]d hours' + interval '1 minute' + id * interval '1 ms'
		WHERE at >= '%[1]s'`, began.Format(time.RFC3339), hours))
}

func TestTheReportSaysHowFullALicenceWasInEachHour(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	acquire := func(device string) app.Lease {
		t.Helper()
		g, err := h.Acquire(t.Context(), ada(), "demo", device)
		require.NoError(t, err)
		return g.Lease
	}
	began := time.Now().UTC().Truncate(time.Hour)
	one, two := acquire("one"), acquire("two")
	acquire("one") // the same lease
	three := acquire("three")
	require.NoError(t, h.Release(t.Context(), ada(), three.ID))
	h.ago(t, began, 5)
	acquire("one")
	require.NoError(t, h.Release(t.Context(), ada(), two.ID))
	h.expire(t, one)
	require.NoError(t, h.Reap(t.Context()))
	h.ago(t, began, 3)
	_, err := h.Heartbeat(t.Context(), ada(), one.ID) // revived
	require.NoError(t, err)
	h.expire(t, one)
	extended, err := h.Heartbeat(t.Context(), ada(), one.ID) // before anybody had noticed
	require.NoError(t, err)
	require.True(t, extended.Revived)
	for range 3 {
		h.Refused(t.Context(), bob(), "acquire", "demo", "", app.CodeNoSeats)
	}
	h.ago(t, began, 1)
	// The hours between have what was open at their beginning.
	assert.Equal(t, []string{"0/0/0", "3/3/0", "2/0/0", "2/0/0", "0/0/0", "1/1/3"}, h.use(t, began, 6))
	assert.Equal(t, []string{"1/1/3"}, h.use(t, began, 1), "what was before the beginning is known from now")

	_, leases, err := h.UsageReport(t.Context(), root(), "none", app.Period{})
	assert.Equal(t, app.CodeLicenseNotFound, app.CodeOf(err))
	assert.Empty(t, leases)
}

func TestTheReportOfUseIsServedAsJSONAndCSV(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	admin, ada := w.admin(t), w.google.Mint(t, apptest.Claims(mine, "ada"))
	require.Equal(t, 201, api.acquire(t, "demo", ada, "x").status)
	served := api.call(t, "GET", "/v1/licenses/demo/usage", admin, "")
	require.Equal(t, 200, served.status, string(served.raw))
	items, _ := served.body["items"].([]any)
	assert.Contains(t, []int{24, 25}, len(items), "a day, with the hour that it begins in")
	table := api.call(t, "GET", "/v1/licenses/demo/usage?format=csv", admin, "")
	rows, err := csv.NewReader(strings.NewReader(string(table.raw))).ReadAll()
	require.NoError(t, err)
	assert.Equal(t, []string{"hour", "licenseId", "seats", "peak", "granted", "refused"}, rows[0])
	assert.Equal(t, []string{"demo", "5", "1"}, rows[len(rows)-1][1:4])
}

func TestAStoreWhoseClockIsWrongHidesNoUse(t *testing.T) {
	t.Parallel()
	for name, behind := range map[string]string{"by 2 seconds": "2 seconds", "by an hour": "1 hour"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHooked(t)
			for range 3 {
				g, err := h.Acquire(t.Context(), ada(), "demo", "laptop")
				require.NoError(t, err)
				require.NoError(t, h.Release(t.Context(), ada(), g.Lease.ID))
			}
			began := time.Now().UTC().Truncate(time.Hour)
			h.ago(t, began, 3)
			// Redis says when a seat was given back.
			h.fixture.postgres.Admin(t, `UPDATE licensing.audit SET at = at - interval '`+behind+`' WHERE action = 'lease.release'`)
			peak := 0
			for _, hour := range h.use(t, began, 6) {
				var p, granted, refused int
				_, err := fmt.Sscanf(hour, "%d/%d/%d", &p, &granted, &refused)
				require.NoError(t, err)
				peak = max(peak, p)
			}
			assert.Equal(t, 1, peak)
		})
	}
}
