package client

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// asking calls Config.Identity, which may not come back: a file on a network's drive does not when
// the network has gone, and no context ends that. Only one call runs at a time, so at most one
// call never returns.
type asking struct {
	mu   sync.Mutex
	last *identity
}

// identity is what a call of Config.Identity returned, when done is closed.
type identity struct {
	done  chan struct{}
	token string
	err   error
}

// identity requests the user's token, and waits for it as long as for an answer of the server.
func (c *caller) identity(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	for {
		asked, joined := c.user.ask(ctx, c.config.Identity)
		select {
		case <-asked.done:
		case <-ctx.Done():
			return "", fmt.Errorf("the user's identity token does not come: %w", ctx.Err())
		}
		if asked.err == nil || !joined {
			return asked.usable()
		}
		// Who began the call may have given up, as a heartbeat does at the end.
	}
}

// usable is the token, if it can be sent.
func (i *identity) usable() (string, error) {
	if i.err != nil {
		return "", fmt.Errorf("cannot get the user's identity token: %w", i.err)
	}
	// Files end with a line break.
	token := strings.TrimSpace(plain(i.token))
	switch {
	case token == "":
		return "", errors.New("the user's identity token is empty")
	case strings.ContainsFunc(token, func(c rune) bool { return c < '!' || c > '~' }):
		return "", errors.New("the user's identity token is none: it has a space, a line break or a letter that is not ASCII")
	}
	return token, nil
}

// ask begins a call, or joins the one that is under way.
func (a *asking) ask(ctx context.Context, whom func(context.Context) (string, error)) (asked *identity, joined bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.last != nil {
		select {
		case <-a.last.done:
		default:
			return a.last, true
		}
	}
	asked = &identity{done: make(chan struct{})}
	a.last = asked
	go func() {
		defer close(asked.done)
		asked.token, asked.err = whom(ctx)
	}()
	return asked, false
}
