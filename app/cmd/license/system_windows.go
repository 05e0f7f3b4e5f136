package main

import (
	"errors"
	"os"
	"os/exec"
	"strings"
)

// passedOn is empty: Windows gives an interrupt to all programs of a console, and has no other signals.
func passedOn() []os.Signal { return nil }

// sameVariable says whether two names mean the same environment variable: their case does not matter.
func sameVariable(one, other string) bool { return strings.EqualFold(one, other) }

// tellToEnd does nothing: the interrupt has reached the process, and after the grace it is killed.
func tellToEnd(*os.Process) error { return nil }

// killedBy is 0: Windows ends processes with a code only.
func killedBy(*exec.ExitError) int { return 0 }

// errLocked says that another program has the lock.
var errLocked = errors.New("another program has the lock")

// Here no file is locked: several programs of a device do not find each other.
func lockFolders(func(string) string) []string { return nil }
func openLock(string) (*os.File, error)        { return nil, errors.ErrUnsupported }
func lockTogether(*os.File) error              { return errors.ErrUnsupported }
func lockAlone(*os.File) error                 { return errors.ErrUnsupported }
func unlock(*os.File) error                    { return errors.ErrUnsupported }
