package redis

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/coditect-ai/license-platform/app"
)

// tripLooks is how many of housekeeping's scripts travel together. The server answers all of
// a trip before it turns to another client: about a millisecond's work.
const tripLooks = 16

// furthest is how far ahead each job can be due.
func furthest(hold time.Duration) []any {
	return []any{
		string(app.JobChanges), (10 * hold).Microseconds(), string(app.JobSweep), (10 * hold).Microseconds(),
		string(app.JobForget), (2 * time.Hour).Microseconds(),
	}
}

func jobKeys() []string { return []string{keyDue, keyJobs, keyPlaces, keyOwners} }

// Claim implements app.WorkQueue.
func (s *Seats) Claim(ctx context.Context, owner string, most int, hold time.Duration) (app.Work, error) {
	a, err := s.runKeys(ctx, s.claim, jobKeys(), append([]any{owner, most, hold.Microseconds()}, furthest(hold)...)...)
	if err != nil {
		return app.Work{}, err
	}
	work := app.Work{Jobs: map[app.Job]string{}}
	for _, member := range a.list(0) {
		work.Licenses = append(work.Licenses, refOf(member))
	}
	places := a.list(2)
	for i, job := range a.list(1) {
		if i < len(places) {
			work.Jobs[app.Job(job)] = places[i]
		}
	}
	return work, nil
}

// Hold implements app.WorkQueue.
func (s *Seats) Hold(ctx context.Context, owner string, job app.Job, hold time.Duration) (bool, error) {
	a, err := s.runKeys(ctx, s.done, jobKeys(), owner, string(job), hold.Microseconds())
	return a.word == "ok", err
}

// Done implements app.WorkQueue.
func (s *Seats) Done(ctx context.Context, owner string, job app.Job, place string, again time.Duration) error {
	_, err := s.runKeys(ctx, s.done, jobKeys(), owner, string(job), again.Microseconds(), place)
	return err
}

// Look implements app.WorkQueue.
func (s *Seats) Look(ctx context.Context, looks []app.Look, hold time.Duration) ([]app.Looked, error) {
	calls := make([]call, len(looks))
	for i, look := range looks {
		args := make([]any, 1, 1+len(look.Leases))
		args[0] = hold.Microseconds()
		for _, lease := range look.Leases {
			args = append(args, lease)
		}
		calls[i] = call{names: append(keys(look.Ref), keyUsed, keyFullest, keySums), args: args}
	}
	found := make([]app.Looked, 0, len(looks))
	err := s.together(ctx, s.look, calls, func(a answer, err error) error {
		if errors.Is(err, app.ErrCold) {
			found = append(found, app.Looked{Cold: true})
			return nil
		}
		if err != nil {
			return err
		}
		one, err := looked(a)
		found = append(found, one)
		return err
	})
	return found, err
}

func looked(a answer) (app.Looked, error) {
	endings, err := endingsOf(a.list(0), a.list(1))
	if err != nil {
		return app.Looked{}, err
	}
	now, err := a.time(3)
	if err != nil {
		return app.Looked{}, fmt.Errorf("script look: now: %w", err)
	}
	revision, err := strconv.ParseInt(a.text(4), 10, 64)
	if err != nil {
		return app.Looked{}, fmt.Errorf("script look: revision: %w", err)
	}
	return app.Looked{Endings: endings, Absent: a.list(2), Now: now, Revision: revision}, nil
}

// Drop implements app.WorkQueue.
func (s *Seats) Drop(ctx context.Context, ref app.LicenseRef) error {
	_, err := s.runKeys(ctx, s.drop, append(keys(ref), keyUsed, keyFullest, keySums))
	return err
}

// SettledAll implements app.WorkQueue.
func (s *Seats) SettledAll(ctx context.Context, all []app.Settlement) error {
	calls := make([]call, len(all))
	for i, one := range all {
		calls[i] = call{names: keys(one.Ref), args: pairs(one.Endings)}
	}
	return s.together(ctx, s.settled, calls, func(_ answer, err error) error { return err })
}

// Fullness implements app.WorkQueue.
func (s *Seats) Fullness(ctx context.Context, most int) (app.Fullness, error) {
	a, err := s.runKeys(ctx, s.fullness, []string{keyUsed, keyFullest, keySums}, most)
	if err != nil {
		return app.Fullness{}, err
	}
	var f app.Fullness
	for i, into := range []*int{&f.Licenses, &f.InUse, &f.Seats} {
		if *into, err = strconv.Atoi(a.text(i)); err != nil {
			return app.Fullness{}, fmt.Errorf("script fullness: sum %d: %w", i, err)
		}
	}
	words := a.list(4)
	for i, member := range a.list(3) {
		if i >= len(words) || words[i] == "" {
			continue
		}
		used, seats, _ := strings.Cut(words[i], " ")
		inUse, err := strconv.Atoi(used)
		if err != nil {
			return app.Fullness{}, fmt.Errorf("script fullness: seats in use: %w", err)
		}
		all, err := strconv.Atoi(seats)
		if err != nil {
			return app.Fullness{}, fmt.Errorf("script fullness: seats: %w", err)
		}
		f.Fullest = append(f.Fullest, app.Filled{Ref: refOf(member), InUse: inUse, Seats: all})
	}
	return f, nil
}

// call is one run of a script.
type call struct {
	names []string
	args  []any
}

// together runs a script for many licences, several in one round trip, and yields the
// answers in their order, until the caller stops.
func (s *Seats) together(ctx context.Context, script script, calls []call, take func(answer, error) error) error {
	for len(calls) > 0 {
		n := min(len(calls), tripLooks)
		start := time.Now()
		commands, err := s.send(ctx, script, calls[:n])
		if goredis.HasErrorPrefix(err, "NOSCRIPT") {
			// A server that has forgotten the script is taught it again. If that fails, so does
			// the script, and says why.
			_ = script.Load(ctx, s.client).Err()
			commands, err = s.send(ctx, script, calls[:n])
		}
		s.observe(script.name, time.Since(start), err)
		for _, command := range commands {
			values, err := command.Slice()
			if err := take(answerOf(script, values, err)); err != nil {
				return err
			}
		}
		calls = calls[n:]
		if err := pause(ctx, 4*time.Since(start), len(calls)); err != nil {
			return err
		}
	}
	return nil
}

// send makes one trip. The error is the first command's.
func (s *Seats) send(ctx context.Context, script script, calls []call) ([]*goredis.Cmd, error) {
	pipe := s.client.Pipeline()
	commands := make([]*goredis.Cmd, len(calls))
	for i, c := range calls {
		commands[i] = script.EvalSha(ctx, pipe, c.names, c.args...)
	}
	_, err := pipe.Exec(ctx)
	return commands, err
}

// pause leaves the server to requests between two trips.
func pause(ctx context.Context, length time.Duration, left int) error {
	if left == 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(min(length, 50*time.Millisecond))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
