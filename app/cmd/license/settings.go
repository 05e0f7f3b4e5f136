package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/coditect-ai/license-platform/app/client"
)

// settings are the options of all commands.
type settings struct {
	server, license, product, device string
	token, tokenFile                 string
	credential, credentialFile       string
	ca, connect, keys                string
	features                         features
	duration, grace                  time.Duration
	stopWhenLost                     bool
	arguments                        []string
}

func newSettings(name string, p process) (*settings, *flag.FlagSet) {
	s := &settings{token: p.env("LICENSE_TOKEN"), credential: p.env("LICENSE_CREDENTIAL")}
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	for _, option := range []struct {
		into               *string
		name, env, meaning string
	}{
		{&s.server, "server", "LICENSE_SERVER", "address of the licence server, https://licenses.example.com"},
		{&s.license, "license", "LICENSE_ID", "id of the licence"},
		{&s.product, "product", "LICENSE_PRODUCT", "product that the licence has to be for"},
		{&s.device, "device", "LICENSE_DEVICE", "name of the device (without: made from /etc/machine-id)"},
		{&s.tokenFile, "token-file", "LICENSE_TOKEN_FILE", "file with the identity token, read for each request; the variable LICENSE_TOKEN holds the token itself"},
		{&s.credentialFile, "credential-file", "LICENSE_CREDENTIAL_FILE", "file with a service credential, in place of a person's identity token; the variable LICENSE_CREDENTIAL holds the credential itself"},
		{&s.ca, "ca", "LICENSE_CA", "file with the authorities to trust instead of the system's, PEM"},
		{&s.connect, "connect", "LICENSE_CONNECT", "HOST:PORT to connect to instead of the server's address"},
		{&s.keys, "keys", "LICENSE_KEYS", "file with the published keys (without: fetched from the server)"},
	} {
		flags.StringVar(option.into, option.name, p.env(option.env), option.meaning+" ("+option.env+")")
	}
	s.features.names = strings.FieldsFunc(p.env("LICENSE_FEATURES"), func(c rune) bool { return c == ',' || unicode.IsSpace(c) })
	flags.Var(&s.features, "feature", "feature that the licence has to include; may be given more than once (LICENSE_FEATURES, with commas)")
	if name == "borrow" {
		flags.DurationVar(&s.duration, "for", 0, "how long to borrow, 1m to what the licence allows: 24h")
	}
	if name == "run" {
		flags.DurationVar(&s.grace, "grace", commandGrace, "how long COMMAND may take to end after an interrupt or a lost seat")
		flags.BoolVar(&s.stopWhenLost, "stop-when-lost", false, "end COMMAND when the seat is lost, instead of only saying so")
	}
	return s, flags
}

// features are an option that may be given more than once, instead of the variable.
type features struct {
	names []string
	given bool
}

// String implements flag.Value.
func (f *features) String() string { return strings.Join(f.names, ",") }

// Set implements flag.Value.
func (f *features) Set(name string) error {
	if name == "" {
		return errors.New("a feature has a name")
	}
	if !f.given {
		f.names, f.given = nil, true
	}
	f.names = append(f.names, name)
	return nil
}

// online returns what a client needs.
func (s *settings) online() (client.Config, error) {
	var missing []string
	for _, option := range []struct{ value, name string }{
		{s.server, "--server or LICENSE_SERVER"},
		{s.license, "--license or LICENSE_ID"},
		{s.product, "--product or LICENSE_PRODUCT"},
		{s.token + s.tokenFile + s.credential + s.credentialFile, "--token-file, LICENSE_TOKEN_FILE or LICENSE_TOKEN, or without a person --credential-file, LICENSE_CREDENTIAL_FILE or LICENSE_CREDENTIAL"},
	} {
		if option.value == "" {
			missing = append(missing, option.name)
		}
	}
	if len(missing) > 0 {
		return client.Config{}, fmt.Errorf("missing: %s", strings.Join(missing, "; "))
	}
	if s.token+s.tokenFile != "" && s.credential+s.credentialFile != "" {
		return client.Config{}, errors.New("an identity token and a service credential are set: a seat has one holder; leave one of them out")
	}
	device, err := s.deviceName()
	if err != nil {
		return client.Config{}, err
	}
	config := client.Config{
		Server: s.server, CA: s.ca, Connect: s.connect, License: s.license, Product: s.product, Fingerprint: device, Identity: s.identity, Features: s.features.names,
	}
	if s.keys != "" {
		if config.Keys, err = readSmall(s.keys); err != nil {
			return client.Config{}, err
		}
	}
	return config, nil
}

// publishedKeys reads the keys, or fetches them, which needs no user.
func (s *settings) publishedKeys(ctx context.Context) ([]byte, error) {
	if s.keys != "" {
		return readSmall(s.keys)
	}
	if s.server == "" {
		return nil, errors.New("verify needs --keys or LICENSE_KEYS, or a server to fetch the published keys from")
	}
	return client.Keys(ctx, client.Config{Server: s.server, CA: s.ca, Connect: s.connect})
}

// identity is the person's token, or the service credential.
func (s *settings) identity(context.Context) (string, error) {
	file := s.tokenFile + s.credentialFile
	if file == "" {
		return strings.TrimSpace(s.token + s.credential), nil
	}
	content, err := readSmall(file)
	// If a user gives the secret instead of its file's name, no log contains it.
	var open *fs.PathError
	if errors.As(err, &open) {
		return "", fmt.Errorf("the file of --token-file or --credential-file (LICENSE_TOKEN_FILE, LICENSE_CREDENTIAL_FILE) cannot be read: %w", open.Err)
	}
	return string(content), err
}

// deviceName is the device's name, or one made from the machine's id, which itself is not
// to be told to others (machine-id(5)).
func (s *settings) deviceName() (string, error) {
	if s.device != "" {
		return s.device, nil
	}
	id, err := readSmall("/etc/machine-id")
	if err != nil {
		return "", errors.New("this machine has no /etc/machine-id: " + nameIt)
	}
	return deviceOf(id)
}

// nameIt is what helps where a machine has no id.
const nameIt = "name the device with --device or LICENSE_DEVICE"

// machineID is the form of a machine's id
// (https://www.freedesktop.org/software/systemd/man/latest/machine-id.html), or a UUID as people write it.
var machineID = regexp.MustCompile(`^[0-9a-fA-F-]{32,36}$`)

// deviceOf makes the device's name from the content of /etc/machine-id. An image for many machines has
// nothing in it, or "uninitialized", until systemd has started, which in a container it never does: by
// such a name all of them would be one device, and share its seat.
func deviceOf(content []byte) (string, error) {
	id := strings.TrimSpace(string(content))
	if !machineID.MatchString(id) || strings.Trim(id, "0-") == "" {
		return "", errors.New("/etc/machine-id has no machine's id, as in an image for many machines: " + nameIt)
	}
	digest := sha256.Sum256(append([]byte("license device\x00"), content...))
	return "device-" + hex.EncodeToString(digest[:12]), nil
}

// readSmall reads a file of up to 1 MiB.
func readSmall(path string) ([]byte, error) {
	const most = 1 << 20
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	content, err := io.ReadAll(io.LimitReader(file, most+1))
	if err == nil && len(content) > most {
		err = fmt.Errorf("%s has more than 1 MiB", path)
	}
	return content, err
}
