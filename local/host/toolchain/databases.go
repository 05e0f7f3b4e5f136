package toolchain

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// need is a program and the Debian package that has it.
type need struct {
	program string
	pkg     string
	// places are searched after PATH; Debian keeps PostgreSQL's server out of it.
	places string
}

// needs lists the programs that emulate Cloud SQL, Memorystore and Cloud Monitoring.
func needs() []need {
	return []need{
		{program: "initdb", pkg: "postgresql", places: "/usr/lib/postgresql/*/bin/initdb"},
		{program: "postgres", pkg: "postgresql", places: "/usr/lib/postgresql/*/bin/postgres"},
		{program: "redis-server", pkg: "redis-server"},
		{program: "prometheus", pkg: "prometheus"},
		{program: "prometheus-alertmanager", pkg: "prometheus-alertmanager"},
	}
}

// testNeeds lists what only the tests need.
func testNeeds() []need {
	return []need{{program: "chromium", pkg: "chromium"}}
}

// Missing names the Debian packages that have to be installed, sorted.
func Missing() []string {
	return missing(needs(), exec.LookPath)
}

func missing(needs []need, look func(string) (string, error)) []string {
	var packages []string
	for _, n := range needs {
		if _, err := look(n.program); err == nil {
			continue
		}
		if found, err := filepath.Glob(n.places); n.places != "" && err == nil && len(found) > 0 {
			continue
		}
		if !slices.Contains(packages, n.pkg) {
			packages = append(packages, n.pkg)
		}
	}
	slices.Sort(packages)
	return packages
}

// Databases makes sure that PostgreSQL, Redis, Prometheus and Alertmanager are installed. It installs them
// with apt-get when it may, else it names the packages in one sentence.
func Databases(ctx context.Context, say func(string)) error { return install(ctx, needs(), say) }

// Browser makes sure that Chromium is installed, in which the tests look at the
// page. It does so as Databases does.
func Browser(ctx context.Context, say func(string)) error { return install(ctx, testNeeds(), say) }

func install(ctx context.Context, needs []need, say func(string)) error {
	packages := missing(needs, exec.LookPath)
	if len(packages) == 0 {
		return nil
	}
	sentence := fmt.Errorf("missing on this machine: %s; install with: sudo apt-get install %[1]s", strings.Join(packages, " "))
	apt, err := exec.LookPath("apt-get")
	if err != nil {
		return fmt.Errorf("missing on this machine: %s; install with the system's package manager", strings.Join(packages, " "))
	}
	prefix, allowed := privilege(ctx)
	if !allowed {
		return sentence
	}
	say("installing " + strings.Join(packages, ", ") + " with apt-get")
	for _, arguments := range [][]string{{"update", "-qq"}, append([]string{"install", "-y", "-qq", "--no-install-recommends"}, packages...)} {
		line := append(slices.Clone(prefix), apt)
		line = append(line, arguments...)
		run := exec.CommandContext(ctx, line[0], line[1:]...)
		// A packaged server must not start on its own and take the usual ports.
		run.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1")
		if output, err := run.CombinedOutput(); err != nil && arguments[0] == "install" {
			return fmt.Errorf("%w\napt-get said: %s", sentence, lastLine(output))
		}
	}
	if left := missing(needs, exec.LookPath); len(left) > 0 {
		return errors.Join(sentence, errors.New("apt-get installed them, but their programs are not where they belong"))
	}
	return nil
}

// privilege says how to run a command as root, if at all without a question.
func privilege(ctx context.Context) (prefix []string, allowed bool) {
	if os.Geteuid() == 0 {
		return nil, true
	}
	if exec.CommandContext(ctx, "sudo", "-n", "true").Run() == nil {
		return []string{"sudo", "-n", "--preserve-env=DEBIAN_FRONTEND,RUNLEVEL"}, true
	}
	return nil, false
}

func lastLine(output []byte) string {
	lines := strings.Split(strings.TrimSpace(string(output)), "\n")
	return lines[len(lines)-1]
}
