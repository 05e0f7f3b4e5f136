package toolchain

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
)

// Plugin is a Pulumi provider's program.
type Plugin struct {
	// Name of the provider, for example gcp.
	Name string
	// Version of it, for example 7.38.0.
	Version string
	// Path is the executable; empty while it is not found.
	Path string
}

// String names the plugin as `pulumi plugin ls` does: gcp v7.38.0.
func (p Plugin) String() string { return p.Name + " v" + p.Version }

// File is what the plugin's executable is called.
func (p Plugin) File() string { return "pulumi-resource-" + p.Name }

// Folder is what Pulumi calls the folder that it installs the plugin in.
func (p Plugin) Folder() string { return "resource-" + p.Name + "-v" + p.Version }

// Wanted are the plugins of the providers whose SDKs a program was built with,
// in the SDKs' versions: those are what the engine will ask for.
func Wanted(program *debug.BuildInfo) (plugins []Plugin) {
	sdk := regexp.MustCompile(`^github\.com/pulumi/pulumi-([a-z0-9-]+)/sdk(?:/v\d+)?$`)
	for _, module := range program.Deps {
		if found := sdk.FindStringSubmatch(module.Path); found != nil {
			plugins = append(plugins, Plugin{Name: found[1], Version: strings.TrimPrefix(module.Version, "v")})
		}
	}
	return plugins
}

// Plugins finds the wanted plugins on this machine: where `pulumi plugin install` puts
// them ($PULUMI_HOME, or ~/.pulumi), else in PATH. Another version is not taken, though
// the engine would take one from PATH. A *MissingError lists the missing ones.
func Plugins(ctx context.Context, wanted []Plugin) ([]Plugin, error) {
	home, err := pulumiHome()
	if err != nil {
		return nil, err
	}
	var found []Plugin
	missing := &MissingError{}
	for _, plugin := range wanted {
		path := filepath.Join(home, "plugins", plugin.Folder(), plugin.File())
		if !executable(path) {
			var note string
			if path, note = inPath(ctx, plugin); path == "" {
				missing.Plugins, missing.Notes = append(missing.Plugins, plugin), append(missing.Notes, note)
				continue
			}
		}
		plugin.Path = path
		found = append(found, plugin)
	}
	if len(missing.Plugins) > 0 {
		return nil, missing
	}
	return found, nil
}

// inPath returns the plugin in PATH if it has the wanted version, else a note on
// what is there instead, if anything.
func inPath(ctx context.Context, wanted Plugin) (path, note string) {
	path, err := exec.LookPath(wanted.File())
	if err != nil {
		return "", ""
	}
	if path, err = filepath.Abs(path); err != nil {
		return "", ""
	}
	version, err := versionOf(ctx, path)
	switch {
	case err != nil:
		return "", fmt.Sprintf("%s does not say its version: %v", path, err)
	case version != wanted.Version:
		return "", fmt.Sprintf("%s is v%s", path, version)
	}
	return path, ""
}

func pulumiHome() (string, error) {
	if home := os.Getenv("PULUMI_HOME"); home != "" {
		return home, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find Pulumi's plugins: %w; set PULUMI_HOME", err)
	}
	return filepath.Join(home, ".pulumi"), nil
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}

// MissingError says which plugins are not on this machine, and how to get them.
type MissingError struct {
	Plugins []Plugin
	// Notes say which other versions are installed, if any.
	Notes []string
}

// Error implements error.
func (e *MissingError) Error() string {
	names, commands := make([]string, len(e.Plugins)), make([]string, len(e.Plugins))
	for i, plugin := range e.Plugins {
		names[i] = plugin.String()
		if note := e.Notes[i]; note != "" {
			names[i] += " (" + note + ")"
		}
		commands[i] = fmt.Sprintf("pulumi plugin install resource %s v%s", plugin.Name, plugin.Version)
	}
	return fmt.Sprintf("missing on this machine: the Pulumi plugin %s; install with: %s",
		strings.Join(names, " and the plugin "), strings.Join(commands, " && "))
}
