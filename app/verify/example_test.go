package verify_test

import (
	"errors"
	"fmt"
	"os"

	"github.com/coditect-ai/license-platform/app/verify"
)

// A client program checks its licence at start, with keys that it was built with.
func ExampleFile() {
	keys := []byte(`{"keys":[]}`) // go:embed the bytes of /.well-known/jwks.json
	file, err := os.ReadFile("testdata/license.txt")
	if err != nil {
		fmt.Println("there is no licence file; borrow one")
		return
	}
	_, err = verify.File(keys, string(file), verify.Expected{Product: "coditect-ide", Fingerprint: "device-7f3a"})
	if errors.Is(err, verify.ErrExpired) {
		fmt.Println("the licence is over; borrow it again")
	}
	// Output: there is no licence file; borrow one
}
