package stack

import (
	"net/netip"
	"net/url"
	"regexp"
	"strings"

	"github.com/coditect-ai/license-platform/setting"
)

// validate lists every mistake of every layer, and those that only show when two
// layers are looked at together.
func (s Settings) validate() setting.Problems {
	ps := s.Platform.validate().Within("platform")
	ps = append(ps, s.Armor.Validate().Within("armor")...)
	ps = append(ps, s.Network.Validate().Within("network")...)
	ps = append(ps, s.Kubernetes.Validate(licenseSubdomain).Within("kubernetes")...)
	ps = append(ps, s.Identity.Validate().Within("identity")...)
	ps = append(ps, s.Data.Validate().Within("data")...)
	ps = append(ps, s.Observe.Validate().Within("observe")...)
	ps = append(ps, s.API.Validate().Within("api")...)
	ps = append(ps, s.Checks.validate().Within("checks")...)
	ps = append(ps, s.Endpoints.validate().Within("endpoints")...)
	return append(ps, s.validateTogether()...)
}

func (p Platform) validate() (ps setting.Problems) {
	for _, field := range []struct{ key, value, form, allowed string }{
		// https://cloud.google.com/resource-manager/docs/creating-managing-projects
		{"project", p.Project, `^[a-z][-a-z0-9]{4,28}[a-z0-9]$`, "a project id: 6 to 30 lower-case letters, digits and hyphens"},
		{"region", p.Region, `^[a-z]+-[a-z]+[0-9]+$`, "a Google Cloud region such as us-central1"},
		{"domain", p.Domain, `^([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)+[a-z]{2,}$`, "a domain such as coditect.ai"},
		// https://cloud.google.com/compute/docs/labeling-resources#requirements
		{"environment", p.Environment, `^[a-z][-a-z0-9]{0,62}$`, "lower-case letters, digits and hyphens"},
	} {
		if !regexp.MustCompile(field.form).MatchString(field.value) {
			ps.Add(field.key, field.value, "has the wrong form", field.allowed)
		}
	}
	return ps
}

func (e Endpoints) validate() (ps setting.Problems) {
	if !e.Given() {
		return ps
	}
	for _, field := range []struct{ key, value string }{{"kms", e.KMS}, {"secretManager", e.SecretManager}} {
		if _, err := netip.ParseAddrPort(field.value); err != nil {
			ps.Add(field.key, field.value, "is no endpoint", "IP:PORT, since NetworkPolicies know addresses only")
		}
	}
	keys, err := url.Parse(e.IdentityKeys)
	if err != nil || keys.Scheme != "https" || !isAddrPort(keys.Host) {
		ps.Add("identityKeys", e.IdentityKeys, "is no endpoint", "https://IP:PORT/PATH")
	}
	if e.Registry == "" || strings.Contains(e.Registry, "/") {
		ps.Add("registry", e.Registry, "is no registry", "HOST:PORT")
	}
	if !strings.Contains(e.CA, "BEGIN CERTIFICATE") {
		ps.Add("ca", e.CA, "is no certificate", "PEM")
	}
	return ps
}

func isAddrPort(text string) bool {
	_, err := netip.ParseAddrPort(text)
	return err == nil
}
