package httpapi

import (
	"context"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/coditect-ai/license-platform/app"
)

// Span is the time that a report is about.
type Span struct {
	From time.Time `query:"from" doc:"Where it begins, at the hour before; without, a day before to"`
	To   time.Time `query:"to" doc:"Where it ends, 31 days after from at most; without, now"`
}

func (s Span) period() app.Period { return app.Period{From: s.From, To: s.To} }

// Hour is how a licence was used in an hour.
type Hour struct {
	Hour    time.Time `json:"hour" doc:"Its beginning"`
	Peak    int       `json:"peak" doc:"The most seats that were taken at once"`
	Granted int       `json:"granted" doc:"Leases that were new or revived"`
	Refused int       `json:"refused" doc:"Requests for the licence that were refused, for whatever reason"`
}

// UsageReport is how full a licence was.
type UsageReport struct {
	LicenseID string `json:"licenseId"`
	Seats     int    `json:"seats" doc:"Seats of the licence now"`
	Items     []Hour `json:"items" nullable:"false" doc:"Every hour of the time, the earliest first"`
}

type usageInput struct {
	LicensePath
	Span
	Format
}

func (a *api) usageReport(ctx context.Context, who app.Principal, in *usageInput) (*report, error) {
	license, hours, err := a.service.UsageReport(ctx, who, in.License, in.period())
	if err != nil {
		return nil, err
	}
	if !in.csv(requestOf(ctx).accept) {
		out := UsageReport{LicenseID: license.ID, Seats: license.Seats, Items: make([]Hour, len(hours))}
		for i, h := range hours {
			out.Items[i] = Hour{Hour: h.At.UTC(), Peak: h.Peak, Granted: h.Granted, Refused: h.Refused}
		}
		return jsonReport(out, "")
	}
	rows := make([][]string, len(hours))
	for i, h := range hours {
		rows[i] = []string{h.At.UTC().Format(time.RFC3339), license.ID, strconv.Itoa(license.Seats), strconv.Itoa(h.Peak), strconv.Itoa(h.Granted), strconv.Itoa(h.Refused)}
	}
	return csvReport([]string{"hour", "licenseId", "seats", "peak", "granted", "refused"}, rows, "")
}

// Denial is what a user was refused, with its repetitions within the hour.
type Denial struct {
	At        time.Time `json:"at" doc:"The first time in its hour"`
	LastAt    time.Time `json:"lastAt" doc:"The last time in its hour"`
	Times     int       `json:"times" doc:"How often in its hour"`
	User      string    `json:"user" doc:"The token's sub; of a service credential: credential: and its id; a pseudonym after an erasure"`
	Code      app.Code  `json:"code" doc:"Why"`
	Asked     string    `json:"asked" doc:"What was asked for: the method and the address" example:"POST /v1/licenses/{license_id}/acquire"`
	LicenseID string    `json:"licenseId,omitempty"`
	LeaseID   string    `json:"leaseId,omitempty" doc:"Of the first time, as address and requestId"`
	Address   string    `json:"address,omitempty"`
	RequestID string    `json:"requestId,omitempty"`
}

// DenialReport is who was refused, when and why.
type DenialReport struct {
	Items []Denial `json:"items" nullable:"false" doc:"The earliest first"`
	Next  string   `json:"next,omitempty" doc:"The cursor of what follows; missing at the end"`
}

type denialsInput struct {
	License string `query:"license" maxLength:"63" doc:"Only what names this licence"`
	Span
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"200" doc:"At most so many"`
	Cursor string `query:"cursor" maxLength:"60" doc:"The answer's next, for what follows it"`
	Format
}

func (a *api) denialReport(ctx context.Context, who app.Principal, in *denialsInput) (*report, error) {
	after, err := denialAfter(in.Cursor)
	if err != nil {
		return nil, err
	}
	found, last, err := a.service.DenialReport(ctx, who, in.License, in.period(), after, in.Limit)
	if err != nil {
		return nil, err
	}
	next := ""
	if last != nil {
		next = strconv.FormatInt(last.At.UnixMicro(), 10) + ":" + strconv.FormatInt(last.ID, 10)
	}
	items := make([]Denial, len(found))
	for i, d := range found {
		items[i] = Denial{
			At: d.At.UTC(), LastAt: d.LastAt.UTC(), Times: d.Times, User: d.User, Code: d.Code, Asked: d.Detail,
			LicenseID: d.License, LeaseID: d.Lease, Address: d.Address, RequestID: d.RequestID,
		}
	}
	if !in.csv(requestOf(ctx).accept) {
		return jsonReport(DenialReport{Items: items, Next: next}, next)
	}
	rows := make([][]string, len(items))
	for i, d := range items {
		rows[i] = []string{
			d.At.Format(time.RFC3339), d.LastAt.Format(time.RFC3339), strconv.Itoa(d.Times), d.User, string(d.Code), d.Asked, d.LicenseID, d.LeaseID, d.Address, d.RequestID,
		}
	}
	return csvReport([]string{"at", "lastAt", "times", "user", "code", "asked", "licenseId", "leaseId", "address", "requestId"}, rows, next)
}

// denialAfter reads the cursor: a time in microseconds, and an event's number.
func denialAfter(cursor string) (app.Event, error) {
	if cursor == "" {
		return app.Event{}, nil
	}
	at, id, found := strings.Cut(cursor, ":")
	micros, err := strconv.ParseInt(at, 10, 64)
	number, numberErr := strconv.ParseInt(id, 10, 64)
	// Years that every store and format can hold.
	if !found || err != nil || numberErr != nil || micros < 0 || micros > 250_000_000_000_000_000 || number < 0 {
		return app.Event{}, badCursor("query.cursor")
	}
	return app.Event{At: time.UnixMicro(micros), ID: number}, nil
}

func (a *api) registerReports() {
	register(a, operation{
		id: "report-usage", method: http.MethodGet, path: "/v1/licenses/{license_id}/usage", tag: tagAdministration, status: http.StatusOK, report: reflect.TypeFor[UsageReport](),
		summary: "How full a licence was, by the hour", description: "From the audit trail, as JSON or CSV. Administrators only.",
		codes: []app.Code{app.CodeForbidden, app.CodeLicenseNotFound},
	}, a.usageReport)
	register(a, operation{
		id: "report-denials", method: http.MethodGet, path: pathDenials, tag: tagAdministration, status: http.StatusOK, report: reflect.TypeFor[DenialReport](),
		summary: "Who was refused what, when and why", description: "From the audit trail, as JSON or CSV. What a user was refused again within an hour is counted. Administrators only.",
		codes: []app.Code{app.CodeForbidden, app.CodeLicenseNotFound},
	}, a.denialReport)
}
