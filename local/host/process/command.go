package process

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// defaultGrace is how long a process has to end by itself.
const defaultGrace = 10 * time.Second

// DefaultUserID is the user and group that an Unprivileged program sees itself
// as: nobody, the one normal user that every machine has. initdb refuses to run
// as a number without a name.
const DefaultUserID = 65534

// Command is a program to run.
type Command struct {
	// Name is unique among the running processes of a supervisor and names the
	// pid file: letters, digits, '-', '_' and '.'.
	Name string
	// Path is the executable; Args are what follows it.
	Path string
	Args []string
	// Env is the whole environment; the daemon's environment is not added.
	Env []string
	// Dir is the working directory, the root directory when empty.
	Dir string
	// LogPath is the file that standard output and error are appended to (logfile); they
	// are discarded when it is empty.
	LogPath string
	// StopSignal asks the process to end; SIGTERM when zero.
	StopSignal syscall.Signal
	// Grace is how long the process has to end before SIGKILL; 10 s when zero.
	Grace time.Duration
	// Unprivileged runs the program as a normal user when the daemon is root: one
	// of a user namespace of its own, whose files belong to the daemon's user
	// outside, or where that is refused one of the machine. Without root it
	// changes nothing.
	Unprivileged bool
	// UserID is the user and group that an Unprivileged or Isolated program sees
	// itself as, nobody (65534) when zero.
	UserID int
	// Isolated gives the program a network of its own, which it can set up
	// (CAP_NET_ADMIN) and which reaches nothing. The program may make further
	// namespaces (CAP_SYS_ADMIN in its own user namespace). Isolated needs a user
	// namespace; where that is refused the start fails with ErrRefused.
	Isolated bool
	// HostID is the user and group of this machine that stands behind UserID in an
	// Isolated program. Only root can choose it; without root, or where the machine
	// does not have it, and when it is zero, it is the daemon's own.
	HostID int
	// Root is the folder of this machine that becomes the program's whole file system,
	// read-only; empty for the machine's own file system. Path, Dir and values of Env are
	// given as they are on this machine. The sandbox package makes it.
	Root string
	// RootFiles are the contents of files that Root gets besides, by their absolute
	// paths, for example /etc/hosts.
	RootFiles map[string]string
	// Hostname is the name of the machine that a program with a Root sees.
	Hostname string
	// Files are open files that an Isolated program gets as its descriptors 3, 4, …
	Files []*os.File
}

// WorkingDir is the folder of a program (Command.Dir) as the program itself can name it: without
// what it takes for a pattern in the folder's own path.
const WorkingDir = "/proc/self/cwd"

// ErrRefused says that the machine refuses namespaces.
var ErrRefused = errors.New("this machine refuses user or network namespaces")

func (c Command) check() error {
	if !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`).MatchString(c.Name) {
		return fmt.Errorf("a process cannot be named %q: letters, digits, '-', '_' and '.' are allowed, a letter or digit first", c.Name)
	}
	if !filepath.IsAbs(c.Path) {
		return fmt.Errorf("start %s: the path of the program is %q and must be absolute", c.Name, c.Path)
	}
	return nil
}

// separated says that the program has to be kept from being root.
func (c Command) separated() bool { return c.Unprivileged && os.Getuid() == 0 }

// build makes the command: a process group of its own, so that its children end
// with it, and a kill by the kernel when the thread that starts it is gone.
func (c Command) build(output *os.File) *exec.Cmd {
	dir := c.Dir
	if dir == "" {
		dir = "/"
	}
	return &exec.Cmd{
		Path: c.Path, Args: append([]string{c.Path}, c.Args...), Env: append([]string{}, c.Env...), Dir: dir,
		Stdout: output, Stderr: output, SysProcAttr: &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL},
	}
}

// enterNamespace makes the program a normal user of its own user namespace,
// which is the daemon's user outside.
func (c Command) enterNamespace(cmd *exec.Cmd) {
	id := cmp.Or(c.UserID, DefaultUserID)
	cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER
	cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: id, HostID: os.Getuid(), Size: 1}}
	cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: id, HostID: os.Getgid(), Size: 1}}
}

// enterNetwork gives the program a user namespace and a network namespace that belongs to
// it: there it may configure interfaces, bind any port, open raw sockets and create
// further namespaces, but outside it may do none of that.
func (c Command) enterNetwork(cmd *exec.Cmd) {
	c.enterNamespace(cmd)
	if c.HostID != 0 && os.Getuid() == 0 && mapped("/proc/self/uid_map", c.HostID) && mapped("/proc/self/gid_map", c.HostID) {
		id := cmp.Or(c.UserID, DefaultUserID)
		// The daemon's own user is root inside, too, as whom an image's files appear.
		both := []syscall.SysProcIDMap{{ContainerID: id, HostID: c.HostID, Size: 1}, {ContainerID: 0, HostID: 0, Size: 1}}
		cmd.SysProcAttr.UidMappings, cmd.SysProcAttr.GidMappings = both, both
		cmd.SysProcAttr.GidMappingsEnableSetgroups = true // to give up the daemon's groups
	}
	cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWNET
	cmd.SysProcAttr.AmbientCaps = []uintptr{
		unix.CAP_NET_BIND_SERVICE, unix.CAP_NET_ADMIN, unix.CAP_NET_RAW,
		unix.CAP_SYS_ADMIN, unix.CAP_SYS_CHROOT, unix.CAP_SYS_PTRACE, unix.CAP_KILL,
		unix.CAP_SETUID, unix.CAP_SETGID, unix.CAP_SETPCAP,
	}
	cmd.ExtraFiles = c.Files
}

// mapped says whether this machine has a user or group of this number for us
// (user_namespaces(7): a map's lines are where it begins inside, outside, and how
// many there are).
func mapped(file string, id int) bool {
	content, err := os.ReadFile(file)
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(content)) {
		var inside, outside, size int
		if _, err := fmt.Sscan(line, &inside, &outside, &size); err == nil && id >= inside && id < inside+size {
			return true
		}
	}
	return false
}

// becomeUser is for machines that refuse user namespaces, such as most
// containers: the program becomes a normal user of the machine. It keeps the
// one capability that lets it reach its files below a folder of root's. It has that
// capability only once it runs, so it is started by a descriptor and at the root.
func (c Command) becomeUser(cmd *exec.Cmd, program *os.File) {
	const (
		capDACOverride = 1 // capabilities(7)
		firstExtraFile = "/proc/self/fd/3"
		reachableByAll = "/"
	)
	id := uint32(cmp.Or(c.UserID, DefaultUserID))
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: id, Gid: id}
	cmd.SysProcAttr.AmbientCaps = []uintptr{capDACOverride}
	cmd.ExtraFiles = []*os.File{program}
	cmd.Path, cmd.Dir = firstExtraFile, reachableByAll
}

// CheckUnprivileged says whether a daemon of root can run Unprivileged programs, which PostgreSQL
// has to be. In a container that has only the user root, and without user namespaces, it cannot.
func CheckUnprivileged() error {
	c := Command{Unprivileged: true, Path: "/bin/true"}
	if !c.separated() || mapped("/proc/self/uid_map", DefaultUserID) && mapped("/proc/self/gid_map", DefaultUserID) {
		return nil
	}
	cmd := c.build(nil)
	cmd.Stdout, cmd.Stderr = nil, nil
	c.enterNamespace(cmd)
	if err := cmd.Run(); err != nil && refusesNamespaces(err) {
		return fmt.Errorf("PostgreSQL does not run as root, and here root can become nobody else, as there is no user %d and %s: run this as another user, or in a container with more users", DefaultUserID, whyRefused(err))
	}
	return nil
}

// whyRefused says what refuses namespaces, and where that is set (namespaces(7), "limits"; a
// distribution's own switches refuse with the same error as a container's seccomp profile).
func whyRefused(err error) string {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return "the kernel allows no more namespaces (sysctl user.max_user_namespaces, user.max_net_namespaces)"
	case errors.Is(err, syscall.EPERM):
		return "a rule of this machine or container forbids namespaces (sysctl kernel.apparmor_restrict_unprivileged_userns or kernel.unprivileged_userns_clone, a seccomp profile)"
	default:
		return "the kernel has no namespaces: " + err.Error()
	}
}

// refusesNamespaces says that a start failed because user namespaces are
// forbidden (sysctl user.max_user_namespaces, a container's seccomp profile).
func refusesNamespaces(err error) bool {
	return errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EINVAL)
}
