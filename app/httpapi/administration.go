package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/coditect-ai/license-platform/app"
)

// Page bounds a list.
type Page struct {
	Limit int `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"At most so many"`
}

// ListInput is the query of a list.
type ListInput struct {
	Page
	Cursor string `query:"cursor" maxLength:"90" doc:"The answer's next, for what follows it"`
}

// list is an answer with one page of items. Its operations name their types, by which the
// OpenAPI document names its schemas.
type list[T any] struct {
	Body struct {
		Items []T    `json:"items" nullable:"false"`
		Next  string `json:"next,omitempty" doc:"The cursor of what follows; missing at the end"`
	}
}

// listOf is the page of the found items. A full one has the cursor of the next.
func listOf[F, T any](found []F, limit int, item func(F) T, cursor func(F) string) *list[T] {
	out := &list[T]{}
	out.Body.Items = make([]T, len(found))
	for i, f := range found {
		out.Body.Items[i] = item(f)
		if len(found) == limit {
			out.Body.Next = cursor(f)
		}
	}
	return out
}

type licenseList list[License]

func (a *api) listLicenses(ctx context.Context, who app.Principal, in *ListInput) (*licenseList, error) {
	found, err := a.service.Licenses(ctx, who, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	item := func(l app.License) License { return licenseOf(l, true) }
	return (*licenseList)(listOf(found, in.Limit, item, func(l app.License) string { return l.ID })), nil
}

// Lease is the form of a lease for administrators.
type Lease struct {
	LeaseID     string     `json:"leaseId"`
	LicenseID   string     `json:"licenseId"`
	Kind        app.Kind   `json:"kind" enum:"floating,borrowed"`
	Fingerprint string     `json:"fingerprint"`
	User        string     `json:"user" doc:"The token's sub; of a service credential: credential: and its id"`
	Email       string     `json:"email,omitempty"`
	Address     string     `json:"address,omitempty"`
	GrantedAt   time.Time  `json:"grantedAt"`
	ExpiresAt   time.Time  `json:"expiresAt" doc:"As granted; heartbeats move it further"`
	EndedAt     *time.Time `json:"endedAt,omitempty"`
	Reason      app.Reason `json:"reason,omitempty" doc:"Why it is over"`
	Reservation string     `json:"reservation,omitempty" doc:"The group whose reserved seat it has"`
}

func leaseOf(l app.Lease) Lease {
	out := Lease{
		LeaseID: l.ID, LicenseID: l.License, Kind: l.Kind, Fingerprint: l.Fingerprint, User: l.User, Email: l.Email,
		Address: l.Address, GrantedAt: l.GrantedAt.UTC(), ExpiresAt: l.ExpiresAt.UTC(), Reason: l.Reason, Reservation: l.Reservation,
	}
	if !l.EndedAt.IsZero() {
		ended := l.EndedAt.UTC()
		out.EndedAt = &ended
	}
	return out
}

type leasesInput struct {
	LicensePath
	ListInput
}

type leaseList list[Lease]

func (a *api) listLeases(ctx context.Context, who app.Principal, in *leasesInput) (*leaseList, error) {
	found, err := a.service.Leases(ctx, who, in.License, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return (*leaseList)(listOf(found, in.Limit, leaseOf, func(l app.Lease) string { return l.ID })), nil
}

// Event is a line of the audit trail.
type Event struct {
	ID        int64      `json:"id"`
	At        time.Time  `json:"at"`
	User      string     `json:"user,omitempty" doc:"The token's sub; of a service credential: credential: and its id; missing when the service itself acted"`
	Address   string     `json:"address,omitempty"`
	RequestID string     `json:"requestId,omitempty"`
	Action    app.Action `json:"action"`
	LicenseID string     `json:"licenseId,omitempty"`
	LeaseID   string     `json:"leaseId,omitempty"`
	Code      app.Code   `json:"code,omitempty" doc:"Why it was refused; missing when it was done"`
	Detail    string     `json:"detail,omitempty" doc:"What was changed, whom it was about (a digest), or what was refused"`
}

func eventsOf(events []app.Event) []Event {
	out := make([]Event, len(events))
	for i, e := range events {
		out[i] = Event{
			ID: e.ID, At: e.At.UTC(), User: e.User, Address: e.Address, RequestID: e.RequestID,
			Action: e.Action, LicenseID: e.License, LeaseID: e.Lease, Code: e.Code, Detail: e.Detail,
		}
	}
	return out
}

type auditInput struct {
	Page
	Cursor string `query:"cursor" pattern:"^[0-9]{1,18}$" doc:"The answer's next, for what is older"`
}

type auditList struct {
	Body struct {
		Items []Event `json:"items" nullable:"false"`
		Next  string  `json:"next,omitempty" doc:"The cursor of what is older; missing at the end"`
	}
}

func (a *api) listEvents(ctx context.Context, who app.Principal, in *auditInput) (*auditList, error) {
	before := int64(0)
	if in.Cursor != "" {
		number, err := strconv.ParseInt(in.Cursor, 10, 64)
		if err != nil {
			return nil, badCursor("query.cursor")
		}
		before = number
	}
	found, err := a.service.Events(ctx, who, before, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &auditList{}
	out.Body.Items = eventsOf(found)
	if len(found) == in.Limit {
		out.Body.Next = strconv.FormatInt(found[len(found)-1].ID, 10)
	}
	return out, nil
}

// Subject is whom personal data is about.
type Subject struct {
	User string `json:"user,omitempty" maxLength:"128" doc:"The user's id (the token's sub)"`
	All  bool   `json:"all,omitempty" doc:"All users of the tenant, in place of one"`
}

// named is the user that is meant, "" for all; naming neither or both is an error.
func (s Subject) named() (string, error) {
	if (s.User == "") != s.All {
		return "", &app.Error{Code: app.CodeValidation, Detail: "name a user, or all", Fields: []app.FieldError{{Field: "body.user", Message: "either user, or all: true"}}}
	}
	return s.User, nil
}

type exportInput struct {
	Body struct {
		Subject
		Cursor string `json:"cursor,omitempty" maxLength:"200" doc:"The answer's next, for the rest"`
	}
}

type exportOutput struct {
	Body struct {
		Leases []Lease `json:"leases" nullable:"false"`
		Audit  []Event `json:"audit" nullable:"false"`
		Next   string  `json:"next,omitempty" doc:"The cursor of the rest; missing at the end"`
	}
}

// badCursor refuses a cursor that does not come from an answer.
func badCursor(field string) error {
	return &app.Error{Code: app.CodeValidation, Detail: "the cursor is not valid", Fields: []app.FieldError{{Field: field, Message: "must be the next of an earlier answer"}}}
}

// place reads the cursor: an event's number and a lease's id.
func place(cursor string) (app.Place, error) {
	if cursor == "" {
		return app.Place{}, nil
	}
	event, lease, found := strings.Cut(cursor, ":")
	number, err := strconv.ParseInt(event, 10, 64)
	if !found || err != nil || number < 0 {
		return app.Place{}, badCursor("body.cursor")
	}
	return app.Place{Lease: lease, Event: number}, nil
}

func (a *api) export(ctx context.Context, who app.Principal, in *exportInput) (*exportOutput, error) {
	user, err := in.Body.named()
	if err != nil {
		return nil, err
	}
	after, err := place(in.Body.Cursor)
	if err != nil {
		return nil, err
	}
	data, err := a.service.Export(ctx, who, user, after)
	if err != nil {
		return nil, err
	}
	out := &exportOutput{}
	if data.Next != nil {
		out.Body.Next = strconv.FormatInt(data.Next.Event, 10) + ":" + data.Next.Lease
	}
	out.Body.Leases = make([]Lease, len(data.Leases))
	for i, lease := range data.Leases {
		out.Body.Leases[i] = leaseOf(lease)
	}
	out.Body.Audit = eventsOf(data.Events)
	return out, nil
}

type eraseInput struct{ Body Subject }

type eraseOutput struct {
	Body struct {
		Changed int64 `json:"changed" doc:"Rows whose personal data was erased"`
	}
}

func (a *api) erase(ctx context.Context, who app.Principal, in *eraseInput) (*eraseOutput, error) {
	user, err := in.Body.named()
	if err != nil {
		return nil, err
	}
	out := &eraseOutput{}
	out.Body.Changed, err = a.service.Erase(ctx, who, user)
	return out, err
}

func (a *api) registerAdministration() {
	admin := func(id, method, path, summary string, codes ...app.Code) operation {
		return operation{id: id, method: method, path: path, tag: tagAdministration, status: http.StatusOK, summary: summary, description: "Administrators only.", codes: append(codes, app.CodeForbidden)}
	}
	register(a, admin("list-licenses", http.MethodGet, pathLicenses, "The tenant's licences"), a.listLicenses)
	register(a, admin("list-leases", http.MethodGet, "/v1/licenses/{license_id}/leases", "A licence's open leases", app.CodeLicenseNotFound), a.listLeases)
	register(a, admin("list-audit", http.MethodGet, pathAudit, "The audit trail, newest first"), a.listEvents)
	export := admin("export-personal-data", http.MethodPost, pathExport, "Everything kept about a user")
	erase := admin("erase-personal-data", http.MethodPost, pathErase, "Erase what is kept about a user, whose leases end")
	export.whenSuspended, erase.whenSuspended = true, true
	register(a, export, a.export)
	register(a, erase, a.erase)
}
