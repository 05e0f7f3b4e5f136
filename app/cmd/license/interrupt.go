package main

import (
	"os"
	"time"
)

// apart is how long after the first interrupt a second one is one: timeout(1) and some build servers
// send the same one to the program and to its process group.
const apart = 200 * time.Millisecond

// interrupts calls first at an interrupt, and second at the next one, and then returns.
func interrupts(signals <-chan os.Signal, now func() time.Time, first, second func()) {
	<-signals
	first()
	began := now()
	for range signals {
		if now().Sub(began) >= apart {
			second()
			return
		}
	}
}
