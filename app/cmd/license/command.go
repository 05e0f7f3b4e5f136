package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/coditect-ai/license-platform/app/client"
	"github.com/coditect-ai/license-platform/app/verify"
)

// process is what the program gets from the operating system.
type process struct {
	env func(string) string
	in  io.Reader
	out io.Writer
	err io.Writer
	// again is closed at the second interrupt.
	again <-chan struct{}
	// signals starts to catch the signals that are passed on to COMMAND, until stop is called.
	// Nil catches none.
	signals func() (taken <-chan os.Signal, stop func())
}

// exitError is the exit code of the command that was run.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("the command ended with %d", int(e)) }

const usage = `license takes, keeps, borrows, checks and releases seats of a floating licence.

  license acquire                  take a seat for the licence's lease time; the same device extends it
  license run -- COMMAND…          hold a seat while COMMAND runs, and release it afterwards;
                                   with --feature NAME only of a licence that includes it
  license borrow --for 24h         borrow a seat, and print the licence file
  license verify [FILE]            check a licence file (without FILE: standard input) offline
  license status                   how full the licence is
  license release LEASE            give a seat back, borrowed ones too

Settings come from options or, without them, from the environment:

`

// run carries out the command that arguments name.
func run(ctx context.Context, arguments []string, p process) error {
	commands := map[string]func(context.Context, *settings, process) error{
		"acquire": acquire, "run": hold, "borrow": borrow, "verify": check, "status": status, "release": release,
	}
	name := ""
	if len(arguments) > 0 {
		name = arguments[0]
	}
	s, flags := newSettings(name, p)
	if name == "--help" || name == "-h" || name == "help" {
		fmt.Fprint(p.out, usage)
		flags.SetOutput(p.out)
		flags.PrintDefaults()
		return nil
	}
	command, found := commands[name]
	if !found {
		return fmt.Errorf("%q is not a command%s; the commands are acquire, run, borrow, verify, status, release; license --help says more", name, suggestion("", name, slices.Collect(maps.Keys(commands))))
	}
	if err := flags.Parse(arguments[1:]); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(p.out, usage)
			flags.SetOutput(p.out)
			flags.PrintDefaults()
			return nil
		}
		return optionMistake(flags, err)
	}
	s.arguments = flags.Args()
	return command(ctx, s, p)
}

// none refuses arguments of a command that takes no arguments.
func (s *settings) none() error {
	if len(s.arguments) > 0 {
		return fmt.Errorf("%q is not understood; options stand before other words", s.arguments[0])
	}
	return nil
}

func acquire(ctx context.Context, s *settings, p process) error {
	config, err := s.online()
	if err = errors.Join(s.none(), err); err != nil {
		return err
	}
	license, token, err := client.Acquire(ctx, config)
	if err != nil {
		return err
	}
	return printJSON(p.out, struct {
		seat
		Token string `json:"token"`
	}{seatOf(license), token})
}

func borrow(ctx context.Context, s *settings, p process) error {
	config, err := s.online()
	if err = errors.Join(s.none(), err); err != nil {
		return err
	}
	if s.duration < time.Minute {
		return errors.New("borrow needs --for, a minute or longer: --for 24h")
	}
	borrowed, err := client.Borrow(ctx, config, s.duration)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.err, "license: borrowed until %s; give it back with: license release %s\n", borrowed.License.ExpiresAt.Format(time.RFC3339), borrowed.License.Lease)
	_, err = io.WriteString(p.out, strings.TrimSpace(borrowed.File)+"\n")
	return err
}

// maxFile is more than a licence file has.
const maxFile = 64 << 10

func check(ctx context.Context, s *settings, p process) error {
	content := p.in
	switch len(s.arguments) {
	case 0:
	case 1:
		file, err := os.Open(s.arguments[0])
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }()
		content = file
	default:
		return fmt.Errorf("verify takes one file, but %d are given", len(s.arguments))
	}
	file, err := readUntil(ctx, io.LimitReader(content, maxFile+1))
	if err != nil {
		return fmt.Errorf("cannot read the licence file: %w", err)
	}
	device, err := s.deviceName()
	if err != nil {
		return err
	}
	if s.product == "" {
		return errors.New("verify needs --product or LICENSE_PRODUCT")
	}
	keys, err := s.publishedKeys(ctx)
	if err != nil {
		return err
	}
	license, err := verify.File(keys, string(file), verify.Expected{Product: s.product, Fingerprint: device, Leeway: time.Minute, Features: s.features.names})
	if err != nil {
		return err
	}
	return printJSON(p.out, seatOf(license))
}

// readUntil reads to the end, or until ctx ends: nobody may ever write to a terminal or a pipe.
func readUntil(ctx context.Context, from io.Reader) ([]byte, error) {
	type result struct {
		content []byte
		err     error
	}
	read := make(chan result, 1)
	go func() {
		content, err := io.ReadAll(from)
		read <- result{content, err}
	}()
	select {
	case all := <-read:
		return all.content, all.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func status(ctx context.Context, s *settings, p process) error {
	config, err := s.online()
	if err = errors.Join(s.none(), err); err != nil {
		return err
	}
	state, err := client.Look(ctx, config)
	if err != nil {
		return err
	}
	return printJSON(p.out, state)
}

func release(ctx context.Context, s *settings, _ process) error {
	config, err := s.online()
	if err != nil {
		return err
	}
	if len(s.arguments) != 1 {
		return errors.New("release needs one lease: license release LEASE")
	}
	return client.Return(ctx, config, s.arguments[0])
}

// seat is a licence as the program prints it.
type seat struct {
	Lease     string    `json:"leaseId"`
	License   string    `json:"licenseId"`
	Product   string    `json:"product"`
	Device    string    `json:"fingerprint"`
	Borrowed  bool      `json:"borrowed"`
	Features  []string  `json:"features,omitempty"`
	InGrace   bool      `json:"inGrace,omitempty"`
	ExpiresAt time.Time `json:"expiresAt"`
}

func seatOf(l verify.License) seat {
	return seat{Lease: l.Lease, License: l.ID, Product: l.Product, Device: l.Fingerprint, Borrowed: l.Borrowed, Features: l.Features, InGrace: l.InGrace, ExpiresAt: l.ExpiresAt}
}

func printJSON(out io.Writer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// withoutSecrets is the environment for COMMAND, without the identity token and the service
// credential; same says whether two names mean the same variable.
func withoutSecrets(environment []string, same func(one, other string) bool) []string {
	return slices.DeleteFunc(slices.Clone(environment), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return same(name, "LICENSE_TOKEN") || same(name, "LICENSE_CREDENTIAL")
	})
}
