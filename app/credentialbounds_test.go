package app_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/metrics"
)

// credentials is a ledger that takes every credential, and notes the event of the last one.
type credentials struct {
	app.Ledger
	event app.Event
}

func (c *credentials) CreateCredential(_ context.Context, made app.Credential, event app.Event) (app.Credential, error) {
	c.event = event
	return made, nil
}

func (c *credentials) ListCredentials(context.Context, string, string, int) ([]app.Credential, error) {
	return nil, nil
}

func TestACredentialIsGoodUntilItIsRevokedOrOver(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		credential app.Credential
		good       bool
	}{
		"one without an end":         {app.Credential{}, true},
		"one that ends later":        {app.Credential{ExpiresAt: now.Add(time.Second)}, true},
		"one that ends now":          {app.Credential{ExpiresAt: now}, false},
		"one that is revoked":        {app.Credential{RevokedAt: now}, false},
		"one that ends, and revoked": {app.Credential{RevokedAt: now, ExpiresAt: now.Add(time.Hour)}, false},
	} {
		assert.Equal(t, c.good, c.credential.Good(now), name)
	}
}

func TestWhatACredentialMayBeIsBounded(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	many := func(n int) (ids []string) {
		for i := range n {
			ids = append(ids, fmt.Sprint("license-", i))
		}
		return ids
	}
	for name, c := range map[string]struct {
		name     string
		licenses []string
		expires  time.Time
		replaces string
		// field is what is wrong, code another refusal; both are empty for what is taken.
		field string
		code  app.Code
	}{
		"the usual one":              {"ci", many(1), time.Time{}, "", "", ""},
		"for all that it may be for": {"ci", many(50), time.Time{}, "", "", ""},
		"for a licence named twice":  {"ci", append(many(50), "license-0"), time.Time{}, "", "", ""},
		"for more":                   {"ci", many(51), time.Time{}, "", "body.licenses", ""},
		"for none":                   {"ci", nil, time.Time{}, "", "body.licenses", ""},
		"that ends in a moment":      {"ci", many(1), now.Add(time.Nanosecond), "", "", ""},
		"that ends now":              {"ci", many(1), now, "", "body.expiresAt", ""},
		"that ends in the last year": {"ci", many(1), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), "", "", ""},
		"that ends after it":         {"ci", many(1), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), "", "body.expiresAt", ""},
		"without a name":             {"", many(1), time.Time{}, "", "body.name", ""},
		"in place of another one":    {"ci", many(1), time.Time{}, strings.Repeat("a2", 13), "", ""},
		"in place of what is none":   {"ci", many(1), time.Time{}, "x", "", app.CodeCredentialNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ledger := &credentials{}
			service := app.New(app.Dependencies{Ledger: ledger, Meter: metrics.New(), Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return now }})
			admin := app.Principal{Tenant: "demo-1a2b", User: "root", Admin: true}
			_, secret, err := service.CreateCredential(t.Context(), admin, c.name, c.licenses, c.expires, c.replaces)
			if c.code != "" {
				assert.Equal(t, c.code, app.CodeOf(err))
				return
			}
			if c.field != "" {
				var refused *app.Error
				require.ErrorAs(t, err, &refused)
				require.Len(t, refused.Fields, 1)
				assert.Equal(t, c.field, refused.Fields[0].Field)
				return
			}
			require.NoError(t, err)
			assert.True(t, strings.HasPrefix(secret, app.CredentialPrefix))
			assert.Equal(t, c.replaces != "", strings.Contains(ledger.event.Detail, ", replaces "+c.replaces), ledger.event.Detail)
		})
	}
}

func TestAListOfCredentialsBeginsWhereAnIDSays(t *testing.T) {
	t.Parallel()
	service := app.New(app.Dependencies{Ledger: &credentials{}, Meter: metrics.New(), Log: slog.New(slog.DiscardHandler), Now: time.Now})
	admin := app.Principal{Tenant: "demo-1a2b", User: "root", Admin: true}
	for after, code := range map[string]app.Code{"": "", strings.Repeat("z7", 13): "", "x": app.CodeValidation, strings.Repeat("a", 25) + "1": app.CodeValidation} {
		_, err := service.ListCredentials(t.Context(), admin, after, 10)
		assert.Equal(t, code, app.CodeOf(err), after)
	}
}

func TestOnlyAnExpiryLetsALeaseComeBack(t *testing.T) {
	t.Parallel()
	for reason, final := range map[app.Reason]bool{app.ReasonReleased: true, app.ReasonForced: true, app.ReasonTaken: true, app.ReasonExpired: false} {
		assert.Equal(t, final, reason.Final(), reason)
	}
}

func TestAnErrorNamesItsCauseInLogs(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "no_seats: full", (&app.Error{Code: "no_seats", Detail: "full"}).Error())
	assert.Equal(t, "no_seats: full: disk", (&app.Error{Code: "no_seats", Detail: "full", Cause: errors.New("disk")}).Error())
}
