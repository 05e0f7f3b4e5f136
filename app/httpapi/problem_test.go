package httpapi

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
)

// codes reads the vocabulary out of its source, so that none can be forgotten.
func codes(t *testing.T) []app.Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../errors.go", nil, 0)
	require.NoError(t, err)
	var found []app.Code
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "Code") {
			return true
		}
		text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		require.NoError(t, err)
		found = append(found, app.Code(text))
		return true
	})
	require.Greater(t, len(found), 20)
	return found
}

func TestEveryCodeIsInTheGuideWithItsStatus(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../docs/api.md")
	require.NoError(t, err)
	all := codes(t)
	assert.ElementsMatch(t, all, app.Codes(), "the list for the OpenAPI document is whole")
	for _, code := range all {
		assert.Contains(t, string(guide), fmt.Sprintf("| `%s` | %d |", code, StatusOf(code)))
		assert.Equal(t, code == app.CodeInternal, StatusOf(code) == 500, "%s has a status of its own", code)
	}
	rows := regexp.MustCompile("(?m)^\\| `[a-z_]+` \\| [45][0-9]{2} \\|").FindAll(guide, -1)
	assert.Len(t, rows, len(all), "and no code in it that there is not")
}

func TestAProblemSaysWhatItsCodeAllowsItToSay(t *testing.T) {
	t.Parallel()
	free := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	full := &app.Exhausted{Seats: 5, InUse: 4, Reserved: 1, NextFree: free}
	reserved := problemOf(t.Context(), &app.Error{Code: app.CodeSeatsReserved, Exhausted: full})
	assert.Equal(t, []int{5, 4, 1}, []int{*reserved.Seats, *reserved.SeatsInUse, *reserved.Reserved})
	assert.Equal(t, free, *reserved.NextFreeAt)
	limit := problemOf(t.Context(), &app.Error{Code: app.CodeUserLimit, Exhausted: &app.Exhausted{Seats: 2, InUse: 2, Reserved: 1}})
	assert.Equal(t, []int{2, 2}, []int{*limit.Seats, *limit.SeatsInUse})
	assert.Nil(t, limit.Reserved)
	assert.Nil(t, limit.NextFreeAt)
	plain := problemOf(t.Context(), app.NewError(app.CodeNoSeats, "all seats are in use"))
	assert.Nil(t, plain.Seats)
	assert.Equal(t, "no_seats_available: all seats are in use", plain.Error())

	for _, c := range []struct {
		code       app.Code
		wait       time.Duration
		retry, ask string
	}{
		{app.CodeTooManyRequests, 1, "1", ""},
		{app.CodeUnavailable, 1001 * time.Millisecond, "2", ""},
		{app.CodeUnavailable, 0, "", ""},
		{app.CodeInvalidToken, 0, "", "Bearer"},
		{app.CodeForbidden, 0, "", ""},
	} {
		headers := problemOf(t.Context(), &app.Error{Code: c.code, RetryAfter: c.wait}).GetHeaders()
		assert.Equal(t, c.retry, headers.Get("Retry-After"), c.code)
		assert.Equal(t, c.ask, headers.Get("WWW-Authenticate"), c.code)
	}
}

func TestAnErrorOfTheFrameworkIsAProblemWithoutWhatTheClientSent(t *testing.T) {
	t.Parallel()
	translated := func(found *huma.ErrorModel) *Problem {
		p, err := translate(humago.NewContext(&huma.Operation{}, httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()), "", found)
		require.NoError(t, err)
		return p.(*Problem)
	}
	detail := &huma.ErrorDetail{Message: "expected integer", Location: "body.seats", Value: "secret"}
	wrong := translated(&huma.ErrorModel{Status: 422, Detail: "validation failed", Errors: []*huma.ErrorDetail{nil, detail, {Message: "unreadable"}}})
	assert.Equal(t, app.CodeValidation, wrong.Code)
	assert.Equal(t, "validation failed", wrong.Detail)
	assert.Equal(t, []app.FieldError{{Field: "body.seats", Message: "expected integer"}, {Field: "body", Message: "unreadable"}}, wrong.Errors)
	for status, code := range map[int]app.Code{400: app.CodeMalformed, 413: app.CodeBodyTooLarge, 415: app.CodeUnsupportedMedia, 418: app.CodeInternal} {
		assert.Equal(t, code, translated(&huma.ErrorModel{Status: status}).Code)
	}
	ours := translated(&huma.ErrorModel{Status: 500, Detail: "pgx: connection refused", Errors: []*huma.ErrorDetail{detail}})
	assert.Equal(t, app.CodeInternal, ours.Code)
	assert.NotContains(t, ours.Detail, "pgx")
	assert.Empty(t, ours.Errors)
	assert.Equal(t, "Internal Server Error", ours.Title)

	other, err := translate(nil, "", 7)
	require.NoError(t, err)
	assert.Equal(t, 7, other)
}
