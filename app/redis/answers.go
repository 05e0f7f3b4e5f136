package redis

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/coditect-ai/license-platform/app"
)

// Bounds of what is remembered: how many answers of a tenant, in how full a server (below
// the share at which operators are told), and how long a request that never finished blocks
// its key.
const (
	maxAnswers  = 500
	maxFill     = 0.7
	keepPending = 30 * time.Second
)

// Answers remembers the answers to requests that carried an Idempotency-Key.
type Answers struct {
	client  *goredis.Client
	observe Observe
	keep    script
}

// NewAnswers returns the memory on a client that the caller closes.
func NewAnswers(client *goredis.Client, observe Observe) *Answers {
	return &Answers{client: client, observe: observe, keep: script{name: "remember", Script: goredis.NewScript(rememberLua)}}
}

var _ app.Answers = (*Answers)(nil)

// kept is what stands under a key; its Status is 0 while the first request is
// being worked on.
type kept struct {
	Request string `json:"request"`
	// Claim names who works on it: a command that is sent again, because its answer was lost,
	// finds what its first run did.
	Claim string `json:"claim,omitempty"`
	app.Answer
}

// key hides the user and the key's text. Those of one user begin alike.
func (a *Answers) key(who app.Principal, key string) string {
	return "answer:{" + who.Tenant + "}:" + digest(who.User) + ":" + digest(key)
}

// answersOf is the key under which a tenant's answers are counted.
func answersOf(tenant string) string { return "answers:{" + tenant + "}" }

// Begin implements app.Answers.
func (a *Answers) Begin(ctx context.Context, who app.Principal, key, request string) (*app.Answer, error) {
	start := time.Now()
	claim := rand.Text()
	pending, err := json.Marshal(kept{Request: request, Claim: claim})
	if err != nil {
		return nil, fmt.Errorf("encode a pending answer: %w", err)
	}
	name := a.key(who, key)
	before, err := a.client.SetArgs(ctx, name, pending, goredis.SetArgs{Mode: "NX", Get: true, TTL: keepPending}).Bytes()
	if errors.Is(err, goredis.Nil) {
		a.observe("answer_begin", time.Since(start), nil)
		return nil, nil
	}
	a.observe("answer_begin", time.Since(start), err)
	if goredis.HasErrorPrefix(err, "OOM") {
		// There is no room to claim the key, but an answer from before may be there.
		if before, err = a.client.Get(ctx, name).Bytes(); errors.Is(err, goredis.Nil) {
			return nil, nil
		}
	}
	if err != nil {
		return nil, unavailable(err)
	}
	var found kept
	if err := json.Unmarshal(before, &found); err != nil {
		return nil, fmt.Errorf("decode an earlier answer: %w", err)
	}
	switch {
	case found.Claim == claim:
		return nil, nil
	case found.Request != request:
		return nil, app.NewError(app.CodeIdempotencyReused, "the Idempotency-Key was used for another request")
	case found.Status == 0:
		return nil, &app.Error{Code: app.CodeIdempotencyBusy, Detail: "a request with this Idempotency-Key is being worked on", RetryAfter: time.Second}
	}
	return &found.Answer, nil
}

// Forget implements app.Answers. It looks at every key of the server, a thousand at a
// time, which is slow but asked for rarely.
func (a *Answers) Forget(ctx context.Context, tenant, user string) error {
	start := time.Now()
	// Nothing in a tenant's id or a digest means something else in a pattern.
	pattern := "answer:{" + tenant + "}:*"
	if user != "" {
		pattern = "answer:{" + tenant + "}:" + digest(user) + ":*"
	}
	err := a.unlink(ctx, answersOf(tenant), pattern)
	a.observe("answer_forget", time.Since(start), err)
	if err != nil {
		return unavailable(err)
	}
	return nil
}

// unlink removes the answers that a pattern matches, and counts them no more.
func (a *Answers) unlink(ctx context.Context, counted, pattern string) error {
	return scan(ctx, a.client, pattern, func(names []string) error {
		members := make([]any, len(names))
		for i, name := range names {
			members[i] = name
		}
		return errors.Join(a.client.Unlink(ctx, names...).Err(), a.client.ZRem(ctx, counted, members...).Err())
	})
}

// scan finds the keys of the server that a pattern matches, a thousand looked at at a time.
func scan(ctx context.Context, client *goredis.Client, pattern string, found func(names []string) error) error {
	var cursor uint64
	for {
		names, next, err := client.Scan(ctx, cursor, pattern, 1000).Result()
		if err != nil {
			return err
		}
		if len(names) > 0 {
			if err := found(names); err != nil {
				return err
			}
		}
		if cursor = next; cursor == 0 {
			return nil
		}
	}
}

// Finish implements app.Answers.
func (a *Answers) Finish(ctx context.Context, who app.Principal, key, request string, answer app.Answer, keep time.Duration) (err error) {
	start := time.Now()
	var content []byte
	if keep > 0 {
		if content, err = json.Marshal(kept{Request: request, Answer: answer}); err != nil {
			return fmt.Errorf("encode an answer: %w", err)
		}
	}
	names := []string{a.key(who, key), answersOf(who.Tenant)}
	err = a.keep.Run(ctx, a.client, names, content, keep.Milliseconds(), maxAnswers, maxFill, request).Err()
	a.observe("answer_finish", time.Since(start), err)
	if err != nil {
		return unavailable(err)
	}
	return nil
}
