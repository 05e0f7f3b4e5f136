package cloud

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// pollInterval is the pause between two requests.
const pollInterval = 3 * time.Second

// verifyLockdown makes the action that sends requests from outside until the license
// host refuses them: Google's edge takes a while to apply a new rule. connect is called
// when the action starts.
func verifyLockdown(timeout time.Duration, host string, connect func() (*http.Client, error)) Action {
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
				last := statusOf(ctx, client, url)
				if _, err := fmt.Fprintf(out, "%s GET %s: %s\n", time.Now().UTC().Format(time.RFC3339), url, last); err != nil {
					return err
				}
				if last == http.StatusText(http.StatusForbidden) {
					return nil
				}
				select {
				case <-ctx.Done():
					return fmt.Errorf("the license host is not locked down: %s answers %s: %w", url, last, ctx.Err())
				case <-time.After(pollInterval):
				}
			}
		},
	}
}

// statusOf returns the text of the answer's status, or the error.
func statusOf(ctx context.Context, client *http.Client, url string) string {
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
