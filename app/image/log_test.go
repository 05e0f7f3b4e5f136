package image_test

import (
	"io"
	"log"
)

// discard is a logger that says nothing.
func discard() *log.Logger { return log.New(io.Discard, "", 0) }
