// Program tells what it sees of the machine, and stays.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) > 1 { // one of many
		time.Sleep(time.Minute)
		return
	}
	hostname, err := os.Hostname()
	fmt.Println("hostname", hostname, err)
	fmt.Println("process", os.Getpid(), "user", os.Getuid(), os.Getgid())
	for _, dir := range []string{"/", "/dev", "/etc", "/proc/self/fd"} {
		entries, err := os.ReadDir(dir)
		fmt.Print(dir, ":")
		for _, entry := range entries {
			fmt.Print(" ", entry.Name())
		}
		fmt.Println("", err)
	}
	hosts, err := os.ReadFile("/etc/hosts")
	fmt.Println("hosts", string(hosts), err)
	fmt.Println("files of the image:", os.Getenv("CERTIFICATES"))
	for _, file := range []string{"/dev/null", "/dev/shm/own", "/etc/hosts", "/new", "/proc/sys/kernel/core_pattern"} {
		made, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY, 0o600)
		if err == nil {
			err = made.Close()
		}
		fmt.Println("write", file, err)
	}
	fmt.Println("forget what was said:", syscall.Ftruncate(1, 0))
	multiply()
	fmt.Println("seen")
	time.Sleep(time.Minute)
}

// multiply starts itself as often as it can.
func multiply() {
	var started []*exec.Cmd
	for range 2000 {
		one := exec.Command("/proc/self/exe", "one")
		if err := one.Start(); err != nil {
			fmt.Println("no more processes:", err)
			break
		}
		started = append(started, one)
	}
	for _, one := range started {
		_ = one.Process.Kill()
		_ = one.Wait() // killed
	}
}
