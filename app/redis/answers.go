package redis

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
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

	start, keep script
}

// NewAnswers returns the memory on a client that the caller closes.
func NewAnswers(client *goredis.Client, observe Observe) *Answers {
	return &Answers{
		client: client, observe: observe, start: script{name: "start", Script: goredis.NewScript(startLua)},
		keep: script{name: "remember", Script: goredis.NewScript(rememberLua)},
	}
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

// answersOf is the key under which a tenant's answers are counted, and begunOf the key of the
// requests in progress. endsOf is the key under which the previous release counts answers, by their
// end.
func answersOf(tenant string) string { return endsOf(tenant) + ":given" }
func begunOf(tenant string) string   { return endsOf(tenant) + ":begun" }
func endsOf(tenant string) string    { return "answers:{" + tenant + "}" }

// Begin implements app.Answers.
func (a *Answers) Begin(ctx context.Context, who app.Principal, key, request string) (*app.Answer, error) {
	start := time.Now()
	claim := rand.Text()
	pending, err := json.Marshal(kept{Request: request, Claim: claim})
	if err != nil {
		return nil, fmt.Errorf("encode a pending answer: %w", err)
	}
	name := a.key(who, key)
	text, err := a.start.Run(ctx, a.client, []string{name, begunOf(who.Tenant)}, pending, keepPending.Milliseconds()).Text()
	before := []byte(text)
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

// Forget implements app.Answers. It reads the index of the tenant's answers, and so no data of other
// tenants. That is short: maxAnswers, and as many requests as the tenant began in keepPending at most.
func (a *Answers) Forget(ctx context.Context, tenant, user string) error {
	start := time.Now()
	err := a.forget(ctx, tenant, user)
	a.observe("answer_forget", time.Since(start), err)
	if err != nil {
		return unavailable(err)
	}
	return nil
}

func (a *Answers) forget(ctx context.Context, tenant, user string) error {
	prefix := "answer:{" + tenant + "}:"
	if user != "" {
		prefix += digest(user) + ":"
	}
	counted := []string{answersOf(tenant), begunOf(tenant), endsOf(tenant)}
	known := make([]*goredis.StringSliceCmd, len(counted))
	pipe := a.client.Pipeline()
	for i, key := range counted {
		known[i] = pipe.ZRange(ctx, key, 0, -1)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return err
	}
	// A request may finish meanwhile: its answer has the same name.
	var names []string
	var members []any
	for _, some := range known {
		for _, name := range some.Val() {
			if strings.HasPrefix(name, prefix) {
				names, members = append(names, name), append(members, name)
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	pipe = a.client.Pipeline()
	pipe.Unlink(ctx, names...)
	for _, key := range counted {
		pipe.ZRem(ctx, key, members...)
	}
	_, err := pipe.Exec(ctx)
	return err
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
	names := []string{a.key(who, key), answersOf(who.Tenant), begunOf(who.Tenant)}
	err = a.keep.Run(ctx, a.client, names, content, keep.Milliseconds(), maxAnswers, maxFill, request).Err()
	a.observe("answer_finish", time.Since(start), err)
	if err != nil {
		return unavailable(err)
	}
	return nil
}
