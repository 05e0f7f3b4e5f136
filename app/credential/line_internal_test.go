package credential

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest/await"
)

func (l *line) waits() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.waiting
}

// visitors wait in a line: let says who was let in, and away who was sent away.
type visitors struct {
	line      *line
	let, away chan string
}

func newVisitors(places, most int) visitors {
	return visitors{newLine(places, most), make(chan string, 100), make(chan string, 100)}
}

// come lets somebody of an address wait, and returns when they do.
func (v visitors) come(t *testing.T, ctx context.Context, who, from string) {
	t.Helper()
	before := v.line.waits()
	go func() {
		if err := v.line.enter(ctx, from); err != nil {
			v.away <- who
			return
		}
		v.let <- who
	}()
	await.True(t, func() bool { return v.line.waits() > before || len(v.let)+len(v.away) > 0 })
}

func TestEachAddressHasItsTurn(t *testing.T) {
	t.Parallel()
	v := newVisitors(1, 10)
	require.NoError(t, v.line.enter(t.Context(), "a"))
	for _, who := range []string{"a1", "a2", "a3", "b1", "b2", "c1"} {
		v.come(t, t.Context(), who, who[:1])
	}
	for _, who := range []string{"a1", "b1", "c1", "a2", "b2", "a3"} {
		v.line.leave()
		assert.Equal(t, who, await.Receive(t, v.let))
	}
	v.line.leave()
	require.NoError(t, v.line.enter(t.Context(), "d"), "the place is free again")
	assert.Empty(t, v.line.queue)
}

func TestAFullLineSendsTheLastOneOfTheAddressWithMostAway(t *testing.T) {
	t.Parallel()
	v := newVisitors(1, 4)
	require.NoError(t, v.line.enter(t.Context(), "a"))
	for _, who := range []string{"a1", "a2", "a3", "b1"} {
		v.come(t, t.Context(), who, who[:1])
	}
	require.ErrorIs(t, v.line.enter(t.Context(), "a"), errCrowded, "most are its own")
	v.come(t, t.Context(), "c1", "c")
	assert.Equal(t, "a3", await.Receive(t, v.away))
	v.come(t, t.Context(), "d1", "d")
	assert.Equal(t, "a2", await.Receive(t, v.away))
	require.ErrorIs(t, v.line.enter(t.Context(), "e"), errCrowded, "nobody has more than one")
	for _, who := range []string{"a1", "b1", "c1", "d1"} {
		v.line.leave()
		assert.Equal(t, who, await.Receive(t, v.let))
	}
}

func TestWhoGivesUpLeavesNoPlaceTaken(t *testing.T) {
	t.Parallel()
	v := newVisitors(1, 4)
	require.NoError(t, v.line.enter(t.Context(), "a"))
	ctx, cancel := context.WithCancel(t.Context())
	v.come(t, ctx, "b1", "b")
	v.come(t, t.Context(), "c1", "c")
	cancel()
	assert.Equal(t, "b1", await.Receive(t, v.away))
	v.line.leave()
	assert.Equal(t, "c1", await.Receive(t, v.let))
	v.line.leave()
	require.NoError(t, v.line.enter(t.Context(), "d"))
	assert.Zero(t, v.line.waits())
}

// slowStore answers one question after the other.
type slowStore struct {
	asked  chan string
	answer chan struct{}
}

func (s slowStore) Credential(_ context.Context, _, id string) (app.Credential, error) {
	s.asked <- id
	<-s.answer
	return app.Credential{}, app.CredentialNotFound()
}

func (slowStore) CredentialUsed(context.Context, string, string, time.Duration) error { return nil }

func TestWhoSendsMadeUpCredentialsDelaysNobodyElse(t *testing.T) {
	t.Parallel()
	s := slowStore{make(chan string), make(chan struct{})}
	v := New(s, time.Now, slog.New(slog.DiscardHandler))
	const madeUp = 20
	ended := make(chan error, madeUp+1)
	send := func(letter rune, address string) {
		text := app.CredentialPrefix + "demo_" + strings.Repeat(string(letter), 26) + "_" + strings.Repeat("d", 52)
		go func() {
			_, err := v.Verify(From(context.Background(), address), text)
			ended <- err
		}()
	}
	for i := range madeUp {
		send('a'+rune(i), "2001:db8::"+string('1'+rune(i%9)))
	}
	for range maxLookups {
		await.Receive(t, s.asked)
	}
	await.True(t, func() bool { return v.lookups.waits() == madeUp-maxLookups })
	send('z', "192.0.2.1")
	await.True(t, func() bool { return v.lookups.waits() == madeUp-maxLookups+1 })
	var asked []string
	for range madeUp - maxLookups + 1 {
		s.answer <- struct{}{}
		asked = append(asked, await.Receive(t, s.asked)[:1])
	}
	assert.Contains(t, asked[:2], "z", "the made-up ones before it are those that were let in, and one more")
	for range maxLookups {
		s.answer <- struct{}{}
	}
	for range madeUp + 1 {
		assert.Equal(t, app.CodeInvalidToken, app.CodeOf(await.Receive(t, ended)))
	}
}

func TestWhoFindsTheLineFullIsToldToComeAgainAndIsLetInThen(t *testing.T) {
	t.Parallel()
	s := slowStore{make(chan string), make(chan struct{})}
	v := New(s, time.Now, slog.New(slog.DiscardHandler))
	v.lookups = newLine(1, 1)
	verify := func(letter, address string) error {
		_, err := v.Verify(From(context.Background(), address), app.CredentialPrefix+"demo_"+strings.Repeat(letter, 26)+"_"+strings.Repeat("d", 52))
		return err
	}
	ended := make(chan error, 3)
	go func() { ended <- verify("a", "192.0.2.1") }()
	await.Receive(t, s.asked)
	go func() { ended <- verify("b", "192.0.2.2") }()
	await.True(t, func() bool { return v.lookups.waits() == 1 })
	err := verify("c", "192.0.2.3")
	require.ErrorIs(t, err, errCrowded)
	var refused *app.Error
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, app.CodeUnavailable, refused.Code)
	assert.Positive(t, refused.RetryAfter)

	s.answer <- struct{}{}
	assert.Equal(t, "b", await.Receive(t, s.asked)[:1])
	go func() { ended <- verify("c", "192.0.2.3") }()
	await.True(t, func() bool { return v.lookups.waits() == 1 })
	s.answer <- struct{}{}
	assert.Equal(t, "c", await.Receive(t, s.asked)[:1])
	s.answer <- struct{}{}
	for range 3 {
		assert.Equal(t, app.CodeInvalidToken, app.CodeOf(await.Receive(t, ended)))
	}
}

func TestAnAddressIsANetworkWhereAClientHasManyOfThem(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "::ffff:192.0.2.1", "2001:db8::1": "2001:db8::/64", "2001:db8::ffff:2": "2001:db8::/64",
		"2001:db8:0:1::1": "2001:db8:0:1::/64", "fe80::1%eth0": "fe80::/64", "": "", "no address": "no address",
	} {
		assert.Equal(t, want, clientNetwork(From(context.Background(), address)), address)
	}
	assert.Empty(t, clientNetwork(context.Background()))
}
