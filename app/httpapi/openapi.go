package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/coditect-ai/license-platform/app"
)

// everywhere are the codes that any operation with a token may answer with.
func everywhere() []app.Code {
	return []app.Code{
		app.CodeMissingAuth, app.CodeInvalidToken, app.CodeMissingTenant, app.CodeUnknownTenant,
		app.CodeMalformed, app.CodeBodyTooLarge, app.CodeUnsupportedMedia, app.CodeValidation,
		app.CodeMethodNotAllowed, app.CodeTooManyRequests, app.CodeUnavailable, app.CodeInternal,
	}
}

// operation describes one operation. codes are those in addition to the codes of all operations;
// also is a second status of success with the same body, 0 without one.
type operation struct {
	id, method, path, tag, summary, description string
	status, also                                int
	codes                                       []app.Code
	// whenSuspended says that it is done for a suspended tenant, too.
	whenSuspended bool
	// report is the type of an answer that can be had as CSV too; nil for none.
	report reflect.Type
}

// security says what a caller may send: administrators are people.
func (o operation) security() []map[string][]string {
	people := []map[string][]string{{"identity": {}}}
	if slices.Contains(o.codes, app.CodeForbidden) {
		return people
	}
	return append(people, map[string][]string{"credential": {}})
}

// answers are all codes that the operation may answer with.
func (o operation) answers() []app.Code {
	codes := everywhere()
	if !o.whenSuspended {
		codes = append(codes, app.CodeTenantSuspended)
	}
	if o.method != http.MethodGet {
		// A foreign page cannot read the answer to a GET, and a GET changes nothing.
		codes = append(codes, app.CodeCrossOrigin)
	}
	return append(codes, o.codes...)
}

// register adds an operation. The handler is given the caller; its errors become
// Problems.
func register[I, O any](a *api, o operation, handler func(context.Context, app.Principal, *I) (*O, error)) {
	keep := keepOf(o.method, o.path)
	once := keep > 0
	codes := o.answers()
	if once {
		a.remembered[o.method+" "+o.path] = remembering{keep: keep, admin: slices.Contains(o.codes, app.CodeForbidden), whenSuspended: o.whenSuspended}
		codes = append(codes, app.CodeIdempotencyBusy, app.CodeIdempotencyReused)
	}
	registered := huma.Operation{
		OperationID: o.id, Method: o.method, Path: o.path, Tags: []string{o.tag}, Summary: o.summary, Description: o.description,
		DefaultStatus: o.status, Security: o.security(),
		Responses: a.responses(codes),
		// The body was read and measured before. A time limit of huma would stay on the
		// connection, and net/http would treat it as a disconnect of the client.
		MaxBodyBytes: -1, BodyReadTimeout: -1,
	}
	if o.report != nil {
		registered.Responses[strconv.Itoa(o.status)] = a.reportAnswer(o.report)
	}
	if once {
		registered.Parameters = []*huma.Param{{
			Name: "Idempotency-Key", In: "header", Description: fmt.Sprintf("The same key with the same request gets the first answer again, if it was a success, for %g hours at most.", keep.Hours()),
			Schema: &huma.Schema{Type: "string", MaxLength: new(maxKey)},
		}}
	}
	huma.Register(a.huma, registered, func(ctx context.Context, input *I) (*O, error) {
		output, err := handler(ctx, requestOf(ctx).who, input)
		if err != nil {
			p := problemOf(ctx, err)
			requestOf(ctx).fail(p.Code, err)
			return nil, p
		}
		return output, nil
	})
	if o.report != nil {
		// They are not documented as headers (OpenAPI 3.1, Response Object), or say nothing.
		delete(registered.Responses[strconv.Itoa(o.status)].Headers, "Content-Type")
		delete(registered.Responses[strconv.Itoa(o.status)].Headers, "Vary")
	}
	if o.also != 0 {
		second := *registered.Responses[strconv.Itoa(o.status)]
		second.Description = http.StatusText(o.also)
		registered.Responses[strconv.Itoa(o.also)] = &second
	}
}

// responses documents the codes, grouped by their status.
func (a *api) responses(codes []app.Code) map[string]*huma.Response {
	schema := a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")
	grouped := map[string][]string{}
	for _, code := range codes {
		status := strconv.Itoa(StatusOf(code))
		grouped[status] = append(grouped[status], string(code))
	}
	responses := map[string]*huma.Response{}
	for status, names := range grouped {
		number, err := strconv.Atoi(status)
		if err != nil {
			continue
		}
		responses[status] = &huma.Response{
			Description: fmt.Sprintf("%s: %s", http.StatusText(number), strings.Join(names, ", ")),
			Content:     map[string]*huma.MediaType{problemType: {Schema: schema}},
		}
	}
	return edgeAnswers(responses)
}
