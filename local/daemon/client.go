package daemon

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// Client talks to a running daemon.
type Client struct {
	Record Record
	// Problems are what the daemon could not bring back when it started.
	Problems []string

	dir  string
	http *http.Client
}

// answerTimeout is how long the daemon has for an answer.
const answerTimeout = 30 * time.Second

// ErrSilent says that the folder's daemon runs and does not answer.
var ErrSilent = errors.New("the embedded cloud runs here and does not answer")

// Connect finds the daemon of the folder. ErrNotRunning is returned when no daemon runs,
// also when a killed one left its record behind, and ErrSilent when it does not answer
// within 30 seconds.
func Connect(ctx context.Context, dir string) (*Client, error) {
	return connect(ctx, dir, answerTimeout)
}

func connect(ctx context.Context, dir string, timeout time.Duration) (*Client, error) {
	record, err := read(dir)
	if err != nil {
		return nil, err
	}
	c := &Client{Record: record, dir: dir, http: &http.Client{Timeout: timeout}}
	status, err := c.Status(ctx)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case syscall.Kill(record.PID, 0) == nil && !zombie(record.PID) && belongs(record.PID, dir):
		return nil, fmt.Errorf("%w (process %d): 'make up' replaces it and keeps what is declared, 'make down' ends everything", ErrSilent, record.PID)
	default:
		return nil, fmt.Errorf("%w: its record exists, but nothing answers at %s", ErrNotRunning, record.Control)
	}
	c.Problems = status.Problems
	return c, nil
}

// Status asks how the cloud is.
func (c *Client) Status(ctx context.Context) (Status, error) {
	var s Status
	return s, c.call(ctx, http.MethodGet, "/status", nil, &s)
}

// Token requests an ID token.
func (c *Client) Token(ctx context.Context, wanted TokenRequest) (string, error) {
	var token string
	return token, c.call(ctx, http.MethodPost, "/token", wanted, &token)
}

// Stop asks the daemon to end everything and waits until its process is gone.
func (c *Client) Stop(ctx context.Context) error {
	var answer string
	if err := c.call(ctx, http.MethodPost, "/stop", nil, &answer); err != nil {
		return err
	}
	return gone(ctx, c.Record.PID)
}

// gone waits until the process has ended, and kills it when it does not.
func gone(ctx context.Context, pid int) error {
	ctx, cancel := context.WithTimeout(ctx, stopTimeout+10*time.Second)
	defer cancel()
	for syscall.Kill(pid, 0) == nil && !zombie(pid) {
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("the daemon (process %d) did not end in time and was killed", pid), syscall.Kill(pid, syscall.SIGKILL))
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

func (c *Client) call(ctx context.Context, method, path string, body, answer any) error {
	content, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("ask the daemon: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://"+c.Record.Control+path, bytes.NewReader(content))
	if err != nil {
		return fmt.Errorf("ask the daemon: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+c.Record.Token)
	response, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("ask the daemon: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // read to its end already
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("ask the daemon: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return errors.New(strings.TrimSpace(string(text)))
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fmt.Errorf("read the daemon's answer: %w", err)
	}
	return nil
}
