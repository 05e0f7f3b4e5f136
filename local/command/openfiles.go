package command

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// minOpenFiles is how many files a program has to be allowed to open: the daemon has some 250
// open at rest, and one for each end of each connection. With fewer, pods never become ready.
const minOpenFiles = 1024

// checkOpenFiles refuses a shell that does not allow so many. What the daemon is allowed, it
// gets from here.
func checkOpenFiles() error {
	var allowed unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &allowed); err != nil {
		return fmt.Errorf("read how many files may be open: %w", err)
	}
	return enoughOpenFiles(allowed.Max)
}

func enoughOpenFiles(most uint64) error {
	if most >= minOpenFiles {
		return nil
	}
	return fmt.Errorf("this shell lets a program open %d files (ulimit -Hn), and the embedded cloud needs %d: use a new shell, or as root 'ulimit -n %[2]d'", most, minOpenFiles)
}
