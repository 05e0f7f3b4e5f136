package postgres

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
)

func TestAWriteThatNobodyWaitsForIsNotTaken(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	licence := app.LicenseRef{Tenant: "acme", License: "ide"}
	w, one := &writes{waiting: map[app.LicenseRef][]*write{}}, &write{}
	assert.Equal(t, app.CodeUnavailable, app.CodeOf(w.do(ctx, licence, one)))
	assert.Nil(t, one.done)
	assert.Empty(t, w.waiting)
}

func TestWhoGivesUpTakesBackItsOwnWriteAndNoOther(t *testing.T) {
	t.Parallel()
	licence := app.LicenseRef{Tenant: "acme", License: "ide"}
	one, another := &write{}, &write{}
	w := &writes{waiting: map[app.LicenseRef][]*write{licence: {another, one}}}
	w.withdraw(licence, one)
	assert.Equal(t, []*write{another}, w.waiting[licence])

	// When all was sent already, an entry would say for ever that a transaction is under way.
	w = &writes{waiting: map[app.LicenseRef][]*write{}}
	w.withdraw(licence, one)
	assert.Empty(t, w.waiting)
}

func TestWritesAreTakenInTheirOrderAndGrantsFirst(t *testing.T) {
	t.Parallel()
	queue := func(grants ...bool) (all []*write) {
		for i, grant := range grants {
			all = append(all, &write{query: fmt.Sprint(i), grant: grant})
		}
		return all
	}
	licence := app.LicenseRef{Tenant: "acme", License: "ide"}
	w := &writes{waiting: map[app.LicenseRef][]*write{licence: queue(false, true, false, true, true)}}
	var order string
	for _, one := range w.take(licence) {
		order += one.query
	}
	assert.Equal(t, "13402", order)
	assert.Contains(t, w.waiting, licence, "a transaction is under way")
	assert.Empty(t, w.take(licence))
	assert.NotContains(t, w.waiting, licence)

	all := queue(make([]bool, maxTogether+1)...)
	w.waiting[licence] = append([]*write(nil), all...)
	assert.Equal(t, all[:maxTogether], w.take(licence))
	assert.Equal(t, all[maxTogether:], w.take(licence))
}

func TestOnlyAnErrorOfOneStatementsValuesIsOfOne(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]bool{"22021": true, "23514": true, "40P01": false, "57014": false, "02200": false} {
		assert.Equal(t, want, ofOne(fmt.Errorf("write: %w", &pgconn.PgError{Code: code})), code)
	}
	assert.False(t, ofOne(errors.New("22021")))
}

// answers is what a transaction returns.
type answers struct {
	pgx.BatchResults
	text *string
	err  error
}

func (a answers) QueryRow() pgx.Row { return a }

func (a answers) Scan(into ...any) error {
	*into[0].(**string) = a.text
	return a.err
}

func TestAGrantThatIsSentOnceMoreHasTheLastAnswer(t *testing.T) {
	t.Parallel()
	one := &write{grant: true}
	batch := &pgx.Batch{}
	one.queue(batch)
	require.NoError(t, batch.QueuedQueries[0].Fn(answers{text: new("no_seats_available")}))
	assert.Equal(t, "no_seats_available", one.refusal)
	require.NoError(t, batch.QueuedQueries[0].Fn(answers{}))
	assert.Empty(t, one.refusal)
	broken := errors.New("broken")
	assert.ErrorIs(t, batch.QueuedQueries[0].Fn(answers{err: broken}), broken)
}
