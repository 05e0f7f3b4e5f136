package verify_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/coditect-ai/license-platform/app/verify"
)

// A client checks the token that acquire answered with, by the keys of
// /.well-known/jwks.json.
func ExampleToken() {
	keys, err := os.ReadFile("testdata/jwks.json")
	if err != nil {
		fmt.Println(err)
		return
	}
	token, err := os.ReadFile("testdata/token.txt")
	if err != nil {
		fmt.Println(err)
		return
	}
	license, err := verify.Token(keys, strings.TrimSpace(string(token)), verify.Expected{
		Product: "coditect-ide", Fingerprint: "device-7f3a",
		Now: time.Date(2026, 11, 24, 9, 1, 0, 0, time.UTC), // leave it out: now
	})
	if err != nil {
		fmt.Println("no licence:", err)
		return
	}
	fmt.Printf("%s is licensed by %q, which has %d seats\n", license.Product, license.ID, license.Seats)
	// Output: coditect-ide is licensed by "demo", which has 5 seats
}

// A client that works offline checks its licence file at start, with keys that it was
// built with.
func ExampleFile() {
	keys, err := os.ReadFile("testdata/jwks.json")
	if err != nil {
		fmt.Println(err)
		return
	}
	file, err := os.ReadFile("testdata/license.txt")
	if errors.Is(err, os.ErrNotExist) {
		fmt.Println("there is no licence file; borrow one")
		return
	}
	for _, day := range []int{24, 60} {
		license, err := verify.File(keys, string(file), verify.Expected{
			Product: "coditect-ide", Fingerprint: "device-7f3a",
			LastSeen: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC),   // the latest time that the program has kept
			Now:      time.Date(2026, 11, day, 12, 0, 0, 0, time.UTC), // leave it out: now
		})
		switch {
		case errors.Is(err, verify.ErrClock):
			fmt.Println("set the clock right")
		case errors.Is(err, verify.ErrExpired):
			fmt.Println("the licence is over; borrow it again")
		case err != nil:
			fmt.Println("no licence:", err)
		default:
			fmt.Println("borrowed until", license.ExpiresAt.Format(time.DateOnly))
		}
	}
	// Output:
	// borrowed until 2026-12-24
	// the licence is over; borrow it again
}
