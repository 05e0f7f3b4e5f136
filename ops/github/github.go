// Package github writes what a pipeline found into one comment of a pull request,
// or one issue, and finds it again the next time.
package github

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Repository is a repository at GitHub.
type Repository struct {
	// API is GitHub's address, such as https://api.github.com.
	API string
	// Name is OWNER/NAME.
	Name string
	// Token may write the comment or the issue.
	Token string
	// Client sends the requests.
	Client *http.Client
}

// Marker is a hidden line by which a text is found again.
func Marker(name string) string { return "<!-- license-platform: " + name + " -->" }

// most is how long a text may be.
// https://docs.github.com/rest/issues/comments
const most = 65000

// entry is a comment or an issue.
type entry struct {
	ID          int64     `json:"id"`
	Number      int       `json:"number"`
	Body        string    `json:"body"`
	PullRequest *struct{} `json:"pull_request"`
}

// Comment writes the one comment with this marker at a pull request.
func (r Repository) Comment(ctx context.Context, pullRequest int, marker, text string) error {
	list := fmt.Sprintf("/issues/%d/comments", pullRequest)
	found, there, err := r.find(ctx, list+"?", marker)
	if err != nil {
		return fmt.Errorf("look for the comment at pull request %d: %w", pullRequest, err)
	}
	body := map[string]string{"body": fitted(marker, text)}
	if there {
		err = r.send(ctx, http.MethodPatch, fmt.Sprintf("/issues/comments/%d", found.ID), body, nil)
	} else {
		err = r.send(ctx, http.MethodPost, list, body, nil)
	}
	if err != nil {
		return fmt.Errorf("write the comment at pull request %d: %w", pullRequest, err)
	}
	return nil
}

// Issue opens the one issue with this marker, or brings it up to date.
func (r Repository) Issue(ctx context.Context, marker, title, text string) error {
	found, there, err := r.find(ctx, "/issues?state=open&", marker)
	if err != nil {
		return fmt.Errorf("look for the issue %q: %w", title, err)
	}
	body := map[string]string{"title": title, "body": fitted(marker, text)}
	if there {
		err = r.send(ctx, http.MethodPatch, fmt.Sprintf("/issues/%d", found.Number), body, nil)
	} else {
		err = r.send(ctx, http.MethodPost, "/issues", body, nil)
	}
	if err != nil {
		return fmt.Errorf("write the issue %q: %w", title, err)
	}
	return nil
}

// Close closes the issue with this marker, if one is open.
func (r Repository) Close(ctx context.Context, marker string) error {
	found, there, err := r.find(ctx, "/issues?state=open&", marker)
	if err != nil {
		return fmt.Errorf("look for the issue to close: %w", err)
	}
	if !there {
		return nil
	}
	if err := r.send(ctx, http.MethodPatch, fmt.Sprintf("/issues/%d", found.Number), map[string]string{"state": "closed"}, nil); err != nil {
		return fmt.Errorf("close issue %d: %w", found.Number, err)
	}
	return nil
}

// Newest returns the newest commit of a branch, by its whole hash.
func (r Repository) Newest(ctx context.Context, branch string) (string, error) {
	var commit struct {
		SHA string `json:"sha"`
	}
	if err := r.send(ctx, http.MethodGet, "/commits/"+url.PathEscape(branch), nil, &commit); err != nil {
		return "", fmt.Errorf("ask for the newest commit of %s: %w", branch, err)
	}
	return commit.SHA, nil
}

// find goes through the pages of a list until one text begins with the marker.
func (r Repository) find(ctx context.Context, list, marker string) (entry, bool, error) {
	const size = 100
	for page := 1; ; page++ {
		var entries []entry
		if err := r.send(ctx, http.MethodGet, fmt.Sprintf("%sper_page=%d&page=%d", list, size, page), nil, &entries); err != nil {
			return entry{}, false, err
		}
		for _, e := range entries {
			if e.PullRequest == nil && strings.HasPrefix(e.Body, marker) {
				return e, true, nil
			}
		}
		if len(entries) < size {
			return entry{}, false, nil
		}
	}
}

func (r Repository) send(ctx context.Context, method, path string, body, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var sent io.Reader = http.NoBody
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(encoded)
	}
	owner, name, _ := strings.Cut(r.Name, "/")
	address := r.API + "/repos/" + url.PathEscape(owner) + "/" + url.PathEscape(name) + path
	request, err := http.NewRequestWithContext(ctx, method, address, sent)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+r.Token)
	request.Header.Set("Accept", "application/vnd.github+json")
	request.Header.Set("X-GitHub-Api-Version", "2022-11-28")
	answer, err := r.Client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	content, err := io.ReadAll(io.LimitReader(answer.Body, 64<<20))
	if err != nil {
		return err
	}
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("GitHub answers %s to %s %s: %.300s", answer.Status, method, path, content)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(content, into)
}

// fitted is the text behind its marker, cut to what GitHub takes.
func fitted(marker, text string) string {
	whole := []rune(marker + "\n" + text)
	if len(whole) <= most {
		return string(whole)
	}
	return string(whole[:most]) + "\n…\n```\n\nThis is cut; the whole text is in the workflow's log and artifacts.\n"
}
