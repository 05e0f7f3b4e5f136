package credential_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/credential"
)

// store is a ledger with one credential, and a clock that the test sets.
type store struct {
	mu    sync.Mutex
	now   time.Time
	kept  app.Credential
	err   error
	asked int
	noted int
	// hold lets a question wait until it is closed, or its time is over.
	hold chan struct{}
}

func (s *store) Credential(ctx context.Context, tenant, id string) (app.Credential, error) {
	s.mu.Lock()
	s.asked++
	hold, kept, err := s.hold, s.kept, s.err
	s.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return app.Credential{}, app.Unavailable("ledger", ctx.Err())
		}
	}
	if err == nil && (tenant != kept.Tenant || id != kept.ID) {
		err = app.CredentialNotFound()
	}
	if err != nil {
		return app.Credential{}, err
	}
	return kept, nil
}

func (s *store) CredentialUsed(context.Context, string, string, time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noted++
	s.kept.LastUsedAt = s.now
	return errors.New("it is no mistake of the caller's when it cannot be noted")
}

func (s *store) change(do func(*store)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do(s)
}

func (s *store) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *store) questions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

var (
	name   = strings.Repeat("b", 26)
	secret = app.CredentialPrefix + "demo-1a2b_" + name + "_" + strings.Repeat("c", 52)
	other  = app.CredentialPrefix + "demo-1a2b_" + name + "_" + strings.Repeat("d", 52)
)

func newStore() (*store, *credential.Verifier) {
	s := &store{now: time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)}
	s.kept = app.Credential{Tenant: "demo-1a2b", ID: name, Licenses: []string{"demo"}, Digest: sha256.Sum256([]byte(secret))}
	return s, credential.New(s, s.clock, slog.New(slog.DiscardHandler))
}

func TestAGoodCredentialSpeaksForItselfAndIsNoAdministrator(t *testing.T) {
	t.Parallel()
	_, v := newStore()
	who, err := v.Verify(t.Context(), secret)
	require.NoError(t, err)
	assert.Equal(t, app.Principal{Tenant: "demo-1a2b", User: "credential:" + name, Licenses: []string{"demo"}}, who)
	assert.True(t, app.OfCredential(who.User))
}

func TestEveryCredentialThatIsNotGoodIsRefusedAlike(t *testing.T) {
	t.Parallel()
	for what, test := range map[string]struct {
		text   string
		change func(*store)
	}{
		"another secret":          {other, nil},
		"an id that there is not": {strings.Replace(secret, name, strings.Repeat("e", 26), 1), nil},
		"another tenant":          {strings.Replace(secret, "demo-1a2b", "other-3c4d", 1), nil},
		"no form":                 {app.CredentialPrefix + "x", nil},
		"a revoked one":           {secret, func(s *store) { s.kept.RevokedAt = s.now }},
		"one whose end has come":  {secret, func(s *store) { s.kept.ExpiresAt = s.now }},
		"no digest in the ledger": {secret, func(s *store) { s.kept.Digest = [32]byte{} }},
	} {
		s, v := newStore()
		if test.change != nil {
			s.change(test.change)
		}
		_, err := v.Verify(t.Context(), test.text)
		var refused *app.Error
		require.ErrorAs(t, err, &refused, what)
		assert.Equal(t, app.CodeInvalidToken, refused.Code, what)
		assert.Equal(t, app.InvalidToken(nil).Detail, refused.Detail, what)
		assert.NotContains(t, err.Error(), strings.Repeat("c", 52), "no secret reaches a log")
		assert.Zero(t, s.noted, what)
	}
}

func TestARevocationIsNoticedInTenSeconds(t *testing.T) {
	t.Parallel()
	s, v := newStore()
	for range 100 {
		_, err := v.Verify(t.Context(), secret)
		require.NoError(t, err)
	}
	assert.Equal(t, 1, s.questions(), "what was checked is remembered")
	s.change(func(s *store) { s.kept.RevokedAt = s.now; s.now = s.now.Add(credential.Fresh - 1) })
	_, err := v.Verify(t.Context(), secret)
	require.NoError(t, err)
	s.change(func(s *store) { s.now = s.now.Add(1) })
	for range 100 {
		_, err = v.Verify(t.Context(), secret)
		assert.Equal(t, app.CodeInvalidToken, app.CodeOf(err))
	}
	assert.Equal(t, 2, s.questions(), "that it is revoked is remembered, too")
}

func TestACredentialEndsAtItsEndAlsoWhenItIsRemembered(t *testing.T) {
	t.Parallel()
	s, v := newStore()
	s.change(func(s *store) { s.kept.ExpiresAt = s.now.Add(time.Second) })
	_, err := v.Verify(t.Context(), secret)
	require.NoError(t, err)
	s.change(func(s *store) { s.now = s.now.Add(time.Second) })
	_, err = v.Verify(t.Context(), secret)
	assert.Equal(t, app.CodeInvalidToken, app.CodeOf(err))
}

func TestHeartbeatsGoOnForAnHourWithoutTheLedger(t *testing.T) {
	t.Parallel()
	s, v := newStore()
	_, err := v.Verify(t.Context(), secret)
	require.NoError(t, err)
	s.change(func(s *store) { s.err = app.Unavailable("ledger", nil) })
	for range 59 {
		s.change(func(s *store) { s.now = s.now.Add(time.Minute) })
		who, err := v.Verify(t.Context(), secret)
		require.NoError(t, err)
		assert.True(t, who.Unchecked, "nothing is granted meanwhile")
	}
	before := s.questions()
	_, err = v.Verify(t.Context(), secret)
	require.NoError(t, err)
	assert.Equal(t, before, s.questions(), "a ledger that does not answer is not asked at each request")
	_, err = v.Verify(t.Context(), other)
	assert.Equal(t, app.CodeUnavailable, app.CodeOf(err), "what was never good is not good now")
	s.change(func(s *store) { s.now = s.now.Add(time.Minute) })
	_, err = v.Verify(t.Context(), secret)
	assert.Equal(t, app.CodeUnavailable, app.CodeOf(err))
	s.change(func(s *store) { s.err = nil; s.kept.RevokedAt = s.now })
	_, err = v.Verify(t.Context(), secret)
	assert.Equal(t, app.CodeInvalidToken, app.CodeOf(err), "when it answers again, what it says counts")
}

func TestACredentialThatWasGoodDoesNotWaitForALedgerThatHangs(t *testing.T) {
	t.Parallel()
	s, v := newStore()
	_, err := v.Verify(t.Context(), secret)
	require.NoError(t, err)
	hold := make(chan struct{})
	s.change(func(s *store) { s.hold = hold; s.now = s.now.Add(credential.Fresh) })
	_, err = v.Verify(t.Context(), secret)
	require.NoError(t, err)
	before := s.questions()
	_, err = v.Verify(t.Context(), secret)
	require.NoError(t, err)
	assert.Equal(t, before, s.questions())
	s.change(func(s *store) { s.hold = nil; s.now = s.now.Add(credential.Fresh) })
	close(hold)
	await.True(t, func() bool {
		who, err := v.Verify(t.Context(), secret)
		return err == nil && !who.Unchecked
	})
}

func TestMadeUpCredentialsTakeTwoConnectionsOfTheLedgerAtMost(t *testing.T) {
	t.Parallel()
	s, v := newStore()
	_, err := v.Verify(t.Context(), secret)
	require.NoError(t, err)
	hold := make(chan struct{})
	s.change(func(s *store) { s.hold = hold; s.asked = 0 })
	var group sync.WaitGroup
	for i := range 20 {
		text := app.CredentialPrefix + "demo-1a2b_" + strings.Repeat(string(rune('a'+i)), 26) + "_" + strings.Repeat("d", 52)
		group.Go(func() {
			_, err := v.Verify(context.Background(), text)
			assert.Error(t, err)
		})
	}
	await.True(t, func() bool { return s.questions() == 2 })
	// One that was good before is checked all the same.
	s.change(func(s *store) { assert.LessOrEqual(t, s.asked, 2); s.hold = nil; s.now = s.now.Add(credential.Fresh) })
	who, err := v.Verify(t.Context(), secret)
	require.NoError(t, err)
	assert.False(t, who.Unchecked)
	close(hold)
	group.Wait()
}

func TestTheLastUseIsNotedEveryFiveMinutesAtMost(t *testing.T) {
	t.Parallel()
	s, v := newStore()
	for range 61 {
		_, err := v.Verify(t.Context(), secret)
		require.NoError(t, err)
		s.change(func(s *store) { s.now = s.now.Add(10 * time.Second) })
	}
	assert.Equal(t, 3, s.noted, "in ten minutes")
}
