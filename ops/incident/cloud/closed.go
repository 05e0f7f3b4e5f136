package cloud

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// closedInterval is the pause between two looks at the door.
const closedInterval = 3 * time.Second

// closed makes the action that looks from outside until the license host
// refuses everybody: what was declared is not yet what happens, since the edge
// takes a while to learn of a rule. connect is called when it is time to look.
func closed(timeout time.Duration, host string, connect func() (*http.Client, error)) Action {
	url := "https://" + host + "/health"
	return Action{
		Name: "verify", Does: "see from outside that " + url + " answers 403", File: "verify.txt", Timeout: timeout,
		Do: func(ctx context.Context, out io.Writer) error {
			client, err := connect()
			if err != nil {
				return err
			}
			defer client.CloseIdleConnections()
			for {
				last := look(ctx, client, url)
				if _, err := fmt.Fprintf(out, "%s GET %s: %s\n", time.Now().UTC().Format(time.RFC3339), url, last); err != nil {
					return err
				}
				if last == http.StatusText(http.StatusForbidden) {
					return nil
				}
				select {
				case <-ctx.Done():
					return fmt.Errorf("the door is not shut: %s answers %s: %w", url, last, ctx.Err())
				case <-time.After(closedInterval):
				}
			}
		},
	}
}

// look tells in a word what the address answers.
func look(ctx context.Context, client *http.Client, url string) string {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err.Error()
	}
	answer, err := client.Do(request)
	if err != nil {
		return err.Error()
	}
	_ = answer.Body.Close() // the status is all that counts
	return http.StatusText(answer.StatusCode)
}
