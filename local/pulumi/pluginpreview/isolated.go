package pluginpreview

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// interruptTimeout is how long an interrupted preview may take to end cleanly.
const interruptTimeout = 30 * time.Second

// ErrRefused says that the machine refuses network namespaces.
var ErrRefused = errors.New("this machine refuses user or network namespaces")

// IsolateNetwork makes the command run in a network namespace of its own, as the
// same user (user_namespaces(7)). The program that runs there has to call Loopback
// first.
func IsolateNetwork(command *exec.Cmd) {
	const capNetAdmin = 12 // capabilities(7)
	user, group := os.Getuid(), os.Getgid()
	command.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET
	command.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: user, HostID: user, Size: 1}}
	command.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: group, HostID: group, Size: 1}}
	command.SysProcAttr.AmbientCaps = []uintptr{capNetAdmin}
}

// Command runs this program with other arguments and without the user's Google
// credentials, in a process group of its own: Ctrl-C is passed on once.
func Command(ctx context.Context, program string, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, program, arguments...)
	command.Env = withoutCredentials(os.Environ())
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = interruptTimeout
	return command
}

// Run runs the command. The error wraps ErrRefused when the machine refuses its
// namespaces; then it was not started.
func Run(command *exec.Cmd) error {
	err := command.Start()
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EINVAL) {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if err != nil {
		return err
	}
	return command.Wait()
}

// withoutCredentials removes the variables by which a plugin could find credentials
// or a proxy.
func withoutCredentials(environment []string) (rest []string) {
	for _, variable := range environment {
		name, _, _ := strings.Cut(variable, "=")
		name = strings.ToUpper(name)
		switch {
		case strings.HasPrefix(name, "GOOGLE_"), strings.HasPrefix(name, "GCLOUD_"), strings.HasPrefix(name, "CLOUDSDK_"),
			strings.HasPrefix(name, "GCE_"), strings.HasSuffix(name, "_PROXY"), name == "KUBECONFIG",
			strings.HasPrefix(name, "PULUMI_") && name != "PULUMI_HOME":
			continue
		}
		rest = append(rest, variable)
	}
	return rest
}

// Loopback raises the loopback interface of the network namespace that this
// process runs in. The namespace has no other interface and no other route.
func Loopback() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("bring up the loopback interface: %w", err)
	}
	defer func() { _ = unix.Close(socket) }() // nothing was written to it
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return fmt.Errorf("bring up the loopback interface: %w", err)
	}
	request.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, request); err != nil {
		return fmt.Errorf("bring up the loopback interface: %w", err)
	}
	return nil
}
