package main

import (
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
)

// reap takes note of the ends of processes that nobody else waits for, until stop is called. The first
// process of a container gets the children of all that have ended (wait(2)), and what it does not
// wait for stays in the table of processes. The command, of the id own, is waited for elsewhere.
func reap(own int) (stop func()) {
	ends := make(chan os.Signal, 1)
	signal.Notify(ends, syscall.SIGCHLD)
	done := make(chan struct{})
	go func() {
		defer close(done)
		// What ended before the signals were asked for told nobody.
		reapOthers(own)
		for range ends {
			reapOthers(own)
		}
	}()
	return func() {
		signal.Stop(ends)
		close(ends)
		<-done
	}
}

// reapOthers takes note of the ends of all children but own.
func reapOthers(own int) {
	for _, child := range children() {
		if child != own {
			// Nobody asks how it ended; one that has not ended is left alone.
			_, _ = syscall.Wait4(child, nil, syscall.WNOHANG, nil)
		}
	}
}

// children are the processes that were given to this one: Linux gives them to its first thread
// (proc_pid_task_children(5)).
func children() (found []int) {
	content, err := readSmall("/proc/self/task/" + strconv.Itoa(os.Getpid()) + "/children")
	if err != nil {
		return nil
	}
	for word := range strings.FieldsSeq(string(content)) {
		if child, err := strconv.Atoi(word); err == nil {
			found = append(found, child)
		}
	}
	return found
}
