package pluginpreview

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/local/host/certificate"
	"github.com/coditect-ai/license-platform/local/host/toolchain"
	"github.com/coditect-ai/license-platform/local/pulumi/engine"
)

// Options say what to preview, and with what.
type Options struct {
	// Dir is an empty folder for the state, which is worth nothing afterwards.
	Dir string
	// Stack is its name; Settings its committed file, as YAML.
	Stack    string
	Settings []byte
	// Program is the Pulumi program.
	Program pulumi.RunFunc
	// Command is the Pulumi CLI; Plugins are the providers that it starts.
	Command auto.PulumiCommand
	Plugins []toolchain.Plugin
}

// Report is what a preview found.
type Report struct {
	// Planned are the URNs of all that would be created, in the plan's order.
	Planned []string
	// Warnings are the engine's and the plugins', each once.
	Warnings []string
	// Answered and Refused are the calls to Google: see Requests.
	Answered, Refused []string
}

// Preview previews an empty stack. An error is a refusal by a plugin, the
// program or the engine; the report is there even then.
func Preview(ctx context.Context, o Options) (report Report, err error) {
	authority, err := certificate.LoadOrCreate(filepath.Join(o.Dir, "authority"))
	if err != nil {
		return report, err
	}
	project, err := readProject(o.Stack, o.Settings)
	if err != nil {
		return report, err
	}
	proxy, err := StartProxy(authority, existingProject{ca: base64.StdEncoding.EncodeToString([]byte(authority.PEM())), project: project}.answer)
	if err != nil {
		return report, fmt.Errorf("start the proxy that answers calls to Google: %w", err)
	}
	defer func() {
		proxy.Close()
		report.Answered, report.Refused = proxy.Requests.Answered(), proxy.Requests.Refused()
	}()
	folders := folders{dir: o.Dir}
	if err := folders.make(o.Plugins); err != nil {
		return report, err
	}
	settings, secrets, err := withRandomSecrets(o.Stack, o.Settings)
	if err != nil {
		return report, err
	}
	warned := map[string]bool{}
	stack, err := engine.Open(ctx, engine.Options{
		Dir: folders.engine(), Stack: o.Stack, Command: o.Command, Program: o.Program, Settings: settings, Secrets: secrets,
		Environment: folders.environment(proxy.URL(), authority.Path()),
		Warn: func(text string) {
			if !warned[text] {
				warned[text] = true
				report.Warnings = append(report.Warnings, text)
			}
		},
	})
	if err != nil {
		return report, err
	}
	err = stack.Preview(ctx, func(s engine.Step) {
		if s.Phase == engine.Started && s.Op == "create" {
			report.Planned = append(report.Planned, s.URN)
		}
	})
	return report, err
}

// folders are the folders of a run, all below dir.
type folders struct{ dir string }

func (p folders) engine() string { return filepath.Join(p.dir, "engine") }
func (p folders) home() string   { return filepath.Join(p.dir, "home") }

// make makes the folders, with the plugins where the engine looks for them.
func (p folders) make(plugins []toolchain.Plugin) error {
	if err := os.MkdirAll(p.home(), 0o700); err != nil {
		return fmt.Errorf("make a home for the plugins: %w", err)
	}
	for _, plugin := range plugins {
		folder := filepath.Join(p.engine(), "pulumi", "plugins", plugin.Folder())
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return fmt.Errorf("make a folder for the plugin %s: %w", plugin, err)
		}
		if err := os.Symlink(plugin.Path, filepath.Join(folder, plugin.File())); err != nil {
			return fmt.Errorf("take the plugin %s: %w", plugin, err)
		}
	}
	return nil
}

// environment replaces every credential by a false one, and directs every call to
// the proxy.
// What the Google provider reads is listed in
// https://www.pulumi.com/registry/packages/gcp/installation-configuration/.
func (p folders) environment(proxy, ca string) map[string]string {
	return map[string]string{
		"HTTPS_PROXY": proxy, "https_proxy": proxy, "HTTP_PROXY": proxy, "http_proxy": proxy, "NO_PROXY": "", "no_proxy": "",
		"SSL_CERT_FILE": ca, "SSL_CERT_DIR": p.home(),
		// No credential of the user is found here, and no helper that would make one:
		// gke-gcloud-auth-plugin is not in PATH.
		"HOME": p.home(), "XDG_CONFIG_HOME": p.home(), "CLOUDSDK_CONFIG": p.home(), "PATH": p.home(),
		"GOOGLE_OAUTH_ACCESS_TOKEN": "no-credential",
		// The list of regions is asked for with other credentials than these.
		"PULUMI_GCP_SKIP_REGION_VALIDATION": "true",
		"PULUMI_IGNORE_AMBIENT_PLUGINS":     "true",
	}
}
