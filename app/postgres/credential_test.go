package postgres_test

import (
	"crypto/sha256"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
)

// credential is one of acme for the licence cad.
func credential(letter string) app.Credential {
	return app.Credential{
		Tenant: acme, ID: strings.Repeat(letter, 26), Name: "name " + letter, Licenses: []string{"cad"}, Digest: sha256.Sum256([]byte(letter)),
		ExpiresAt: time.Now().Add(time.Hour).Truncate(time.Microsecond),
	}
}

func TestACredentialIsReadAsItWasMade(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	made, err := w.CreateCredential(t.Context(), credential("a"), app.Event{Action: app.ActionCreateCredential})
	require.NoError(t, err)
	found, err := w.Credential(t.Context(), acme, made.ID)
	require.NoError(t, err)
	assert.Equal(t, made, found)
	want := credential("a")
	want.CreatedAt, want.ExpiresAt, want.Holder = found.CreatedAt, found.ExpiresAt, want.ID
	assert.Equal(t, want, found)
	assert.WithinDuration(t, credential("a").ExpiresAt, found.ExpiresAt, time.Minute)
	_, err = w.Credential(t.Context(), other, made.ID)
	assert.Equal(t, app.CodeCredentialNotFound, app.CodeOf(err))
	assert.Equal(t, 1, w.server.Count(t, `SELECT count(*) FROM licensing.audit WHERE action = 'credential.create'`))
	assert.Zero(t, w.failed.Load())
}

func TestOfCredentialsThatAreOverTheLatestHundredAreListed(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	made, err := w.CreateCredential(t.Context(), credential("a"), app.Event{})
	require.NoError(t, err)
	// So many end after the last one was made.
	w.server.Admin(t, `INSERT INTO licensing.credential (tenant_id, id, name, digest, licenses, revoked_at)
		SELECT '`+acme+`', 'over' || n, 'over ' || n, sha256(n::text::bytea), '{cad}', now() - make_interval(mins => n) FROM generate_series(1, 150) AS n`)
	var listed []string
	for after := ""; ; after = listed[len(listed)-1] {
		page, err := w.ListCredentials(t.Context(), acme, after, 60)
		require.NoError(t, err)
		for _, c := range page {
			listed = append(listed, c.ID)
		}
		if len(page) < 60 {
			break
		}
	}
	assert.Len(t, listed, 1+app.MaxEndedCredentials)
	assert.Contains(t, listed, made.ID, "one that may be used is always there")
	assert.Contains(t, listed, "over100")
	assert.NotContains(t, listed, "over101")
}

func TestTheLastUseIsWrittenOnceHoweverManyAsk(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	made, err := w.CreateCredential(t.Context(), credential("a"), app.Event{})
	require.NoError(t, err)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() { assert.NoError(t, w.CredentialUsed(t.Context(), acme, made.ID, time.Hour)) })
	}
	group.Wait()
	first, err := w.Credential(t.Context(), acme, made.ID)
	require.NoError(t, err)
	require.False(t, first.LastUsedAt.IsZero())
	require.NoError(t, w.CredentialUsed(t.Context(), acme, made.ID, time.Hour))
	again, err := w.Credential(t.Context(), acme, made.ID)
	require.NoError(t, err)
	assert.Equal(t, first.LastUsedAt, again.LastUsedAt)
	require.NoError(t, w.CredentialUsed(t.Context(), acme, made.ID, 0))
	again, err = w.Credential(t.Context(), acme, made.ID)
	require.NoError(t, err)
	assert.True(t, again.LastUsedAt.After(first.LastUsedAt))
}

func TestARevokedCredentialStaysRevoked(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	made, err := w.CreateCredential(t.Context(), credential("a"), app.Event{})
	require.NoError(t, err)
	event := app.Event{Origin: app.Origin{User: "root"}, Action: app.ActionRevokeCredential}
	revoked, err := w.RevokeCredential(t.Context(), acme, made.ID, event)
	require.NoError(t, err)
	require.False(t, revoked.RevokedAt.IsZero())
	again, err := w.RevokeCredential(t.Context(), acme, made.ID, event)
	require.NoError(t, err)
	assert.Equal(t, revoked, again)
	assert.Equal(t, 1, w.server.Count(t, `SELECT count(*) FROM licensing.audit WHERE action = 'credential.revoke' AND user_id = 'root'`))
	// The API's own role cannot bring it back.
	tx, err := w.pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `SELECT set_config('licensing.tenant', 'acme', true)`)
	require.NoError(t, err)
	tag, err := tx.Exec(t.Context(), `UPDATE licensing.credential SET revoked_at = NULL`)
	require.NoError(t, err)
	assert.Zero(t, tag.RowsAffected())
	require.NoError(t, tx.Rollback(t.Context()))
	_, err = w.RevokeCredential(t.Context(), acme, strings.Repeat("z", 26), event)
	assert.Equal(t, app.CodeCredentialNotFound, app.CodeOf(err))
}

func TestThoseWhoMakeCredentialsAtOnceStayWithinTheBound(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.server.Admin(t, `INSERT INTO licensing.credential (tenant_id, id, name, digest, licenses) SELECT 'acme', 'x' || n, 'x' || n, sha256(''), '{cad}' FROM generate_series(1, 97) n`)
	var group sync.WaitGroup
	codes := make(chan app.Code, 8)
	for _, letter := range strings.Split("abcdefgh", "") {
		group.Go(func() {
			_, err := w.CreateCredential(t.Context(), credential(letter), app.Event{})
			codes <- app.CodeOf(err)
		})
	}
	group.Wait()
	close(codes)
	made := map[app.Code]int{}
	for code := range codes {
		made[code]++
	}
	assert.Equal(t, map[app.Code]int{"": 3, app.CodeCredentialLimit: 5}, made)
}

func TestACredentialsNameIsFreeAgainOnceItIsRevoked(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	first, second := credential("a"), credential("b")
	second.Name = first.Name
	create := func(c app.Credential) app.Code {
		_, err := w.CreateCredential(t.Context(), c, app.Event{})
		return app.CodeOf(err)
	}
	assert.Empty(t, create(first))
	assert.Equal(t, app.CodeCredentialExists, create(second))
	_, err := w.RevokeCredential(t.Context(), acme, first.ID, app.Event{})
	require.NoError(t, err)
	assert.Empty(t, create(second))
}
