package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// stage is where the new root is put together, a folder that every machine has.
const stage = "/tmp"

// mounted are the flags of all that is mounted for a pod.
const mounted = unix.MS_NOSUID | unix.MS_NODEV

// Prepare makes what changeRoot mounts something on, in the folder of an image, as
// container runtimes do.
func Prepare(root *os.Root) error {
	for _, dir := range []string{"proc", "dev", "etc"} {
		if err := root.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make room for what a runtime mounts: %w", err)
		}
	}
	for _, name := range []string{"etc/hosts", "etc/hostname", "etc/resolv.conf"} {
		file, err := root.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			return fmt.Errorf("make room for what a runtime mounts: %w", err)
		}
		if err := errors.Join(file.Chmod(0o644), file.Close()); err != nil {
			return fmt.Errorf("make room for what a runtime mounts: %w", err)
		}
	}
	return nil
}

// changeRoot makes the image's folder, read-only, this process's whole file system,
// with devices that do no harm, the processes of its own namespace and the files
// that are made for a pod (pivot_root(2)).
func changeRoot(s setup) error {
	steps := []struct {
		what string
		do   func() error
	}{
		{"keep what is mounted to itself", func() error { return unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "") }},
		{"mount the image", func() error { return unix.Mount(s.Root, stage, "", unix.MS_BIND, "") }},
		{"make the image read-only", func() error { return restrict(stage) }},
		{"mount the devices", func() error { return mountDevices(s.Files) }},
		{"mount the processes", mountProcesses},
		{"enter the image", enterStage},
	}
	for _, step := range steps {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return nil
}

// restrict makes a mount read-only, and keeps what other restrictions it has
// (mount_setattr(2), Linux 5.12).
func restrict(target string) error {
	return unix.MountSetattr(unix.AT_FDCWD, target, 0, &unix.MountAttr{
		Attr_set: unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID,
	})
}

// mountDevices mounts what every container has in /dev, and the pod's own files
// over those of the image.
func mountDevices(files map[string]string) error {
	dev := filepath.Join(stage, "dev")
	if err := unix.Mount("tmpfs", dev, "tmpfs", mounted|unix.MS_NOEXEC, "mode=755,size=1m"); err != nil {
		return err
	}
	for target, content := range files {
		if err := mountFile(filepath.Join(dev, ".file"), filepath.Join(stage, path.Clean("/"+target)), content); err != nil {
			return fmt.Errorf("%s: %w", target, err)
		}
	}
	for _, name := range []string{"null", "zero", "full", "random", "urandom"} {
		if err := bind("/dev/"+name, filepath.Join(dev, name)); err != nil {
			return fmt.Errorf("/dev/%s: %w", name, err)
		}
	}
	for name, target := range map[string]string{"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"} {
		if err := os.Symlink(target, filepath.Join(dev, name)); err != nil {
			return err
		}
	}
	shared := filepath.Join(dev, "shm")
	if err := os.Mkdir(shared, 0o755); err != nil {
		return err
	}
	if err := unix.Mount("shm", shared, "tmpfs", mounted|unix.MS_NOEXEC, "mode=1777,size=64m"); err != nil {
		return err
	}
	return restrict(dev)
}

// mountFile mounts a file with the content; beside is its temporary place.
func mountFile(beside, target, content string) error {
	if err := errors.Join(os.WriteFile(beside, []byte(content), 0o644), os.Chmod(beside, 0o644)); err != nil {
		return err
	}
	if err := unix.Mount(beside, target, "", unix.MS_BIND, ""); err != nil {
		return err
	}
	return errors.Join(restrict(target), os.Remove(beside))
}

// bind mounts a file of the machine, which keeps the flags that it has there.
func bind(source, target string) error {
	file, err := os.OpenFile(target, os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return unix.Mount(source, target, "", unix.MS_BIND, "")
}

// mountProcesses mounts /proc with what container runtimes hide of it or make read-only:
// files of the whole machine, of which some can be written by root without any
// capability. Where the machine itself sees only a part of /proc, the kernel refuses to
// mount another one, and the pod has no /proc.
func mountProcesses() error {
	proc := filepath.Join(stage, "proc")
	err := unix.Mount("proc", proc, "proc", mounted|unix.MS_NOEXEC, "")
	if errors.Is(err, unix.EPERM) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, name := range []string{"bus", "fs", "irq", "sys", "sysrq-trigger"} {
		target := filepath.Join(proc, name)
		if err := unix.Mount(target, target, "", unix.MS_BIND, ""); errors.Is(err, unix.ENOENT) {
			continue // not in every kernel
		} else if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := restrict(target); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, name := range []string{"acpi", "scsi", "asound", "kcore", "keys", "latency_stats", "timer_list", "timer_stats", "sched_debug"} {
		if err := hide(filepath.Join(proc, name)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// hide puts nothing over a file or a folder, where there is one.
func hide(target string) error {
	info, err := os.Stat(target)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.IsDir():
		return unix.Mount("tmpfs", target, "tmpfs", mounted|unix.MS_NOEXEC|unix.MS_RDONLY, "size=0,mode=555")
	default:
		return unix.Mount("/dev/null", target, "", unix.MS_BIND, "")
	}
}

// enterStage makes the stage the root and unmounts everything else.
func enterStage() error {
	if err := unix.Chdir(stage); err != nil {
		return err
	}
	// The old root is put over the new one, and taken away (pivot_root(2), "notes").
	if err := unix.PivotRoot(".", "."); err != nil {
		return err
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return err
	}
	return unix.Chdir("/")
}

// seen is a path below root, as seen by a program with this root.
func seen(root, file string) string {
	if rest, below := strings.CutPrefix(file, root); root != "" && below && (rest == "" || rest[0] == '/') {
		return path.Clean("/" + rest)
	}
	return file
}
