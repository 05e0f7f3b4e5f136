package stack

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strings"

	"github.com/coditect-ai/license-platform/setting"
	"github.com/coditect-ai/license-platform/setting/domain"
	"github.com/coditect-ai/license-platform/setting/region"
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
	return append(ps, s.validateAcrossLayers()...)
}

func (p Platform) validate() (ps setting.Problems) {
	for _, field := range []struct{ key, value, form, allowed string }{
		// https://cloud.google.com/resource-manager/docs/creating-managing-projects
		{"project", p.Project, `^[a-z][-a-z0-9]{4,28}[a-z0-9]$`, "a project id: 6 to 30 lower-case letters, digits and hyphens"},
		// https://cloud.google.com/compute/docs/labeling-resources#requirements
		{"environment", p.Environment, `^[a-z][-a-z0-9]{0,62}$`, "lower-case letters, digits and hyphens"},
	} {
		if !regexp.MustCompile(field.form).MatchString(field.value) {
			ps.Add(field.key, field.value, "has the wrong form", field.allowed)
		}
	}
	// The provider (v5.42) takes such an id for a path, makes the log bucket, does not find it
	// again, and so fails at it for ever
	// (https://github.com/hashicorp/terraform-provider-google-beta/pull/8923).
	if strings.HasPrefix(p.Project, "project") {
		ps.Add("project", p.Project, `begins with "project", and the provider cannot find a log bucket in such a project`, "the id of another project")
	}
	ps = append(ps, p.validateDomain()...)
	return append(ps, p.validateRegion()...)
}

// validateDomain refuses a domain for which Google cannot issue a certificate: otherwise the
// update would fail only at the load balancer.
func (p Platform) validateDomain() (ps setting.Problems) {
	host := p.LicenseHost()
	switch {
	case !domain.Is(p.Domain):
		allowed := "a domain such as coditect.ai"
		if meant := domain.Meant(p.Domain); meant != "" {
			allowed = meant + "?; " + allowed
		}
		ps.Add("domain", p.Domain, "has the wrong form", allowed)
	case len(host) > domain.Longest:
		ps.Add("domain", p.Domain, fmt.Sprintf("makes %s, of %d characters, which is too long for a certificate of Google's", host, len(host)),
			fmt.Sprintf("at most %d characters", domain.Longest-len(host)+len(p.Domain)))
	}
	return ps
}

// validateRegion refuses a region that Google does not have. Without the check every regional
// resource would fail, after the global ones had been created.
func (p Platform) validateRegion() (ps setting.Problems) {
	switch known := region.Exists(p.Region); {
	case !known && (!p.UnlistedRegion || !regexp.MustCompile(`^[a-z]+-[a-z]+[0-9]+$`).MatchString(p.Region)):
		ps.Add("region", p.Region, "is not a valid region of Google Cloud that this program lists", region.Hint(p.Region)+"; a newer one with unlistedRegion: true")
	case known && p.UnlistedRegion:
		ps.Add("unlistedRegion", true, "the region "+p.Region+" is in the program's list", "nothing")
	}
	return ps
}

func (e Endpoints) validate() (ps setting.Problems) {
	if !e.Given() {
		return ps
	}
	for _, field := range []struct{ key, value string }{{"kms", e.KMS}, {"secretManager", e.SecretManager}, {"sqlAdmin", e.SQLAdmin}} {
		if _, err := netip.ParseAddrPort(field.value); err != nil {
			ps.Add(field.key, field.value, "is not a valid endpoint", "IP:PORT, since NetworkPolicies know addresses only")
		}
	}
	keys, err := url.Parse(e.IdentityKeys)
	if err != nil || keys.Scheme != "https" || !isAddrPort(keys.Host) {
		ps.Add("identityKeys", e.IdentityKeys, "is not a valid endpoint", "https://IP:PORT/PATH")
	}
	if !regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?$`).MatchString(e.Registry) {
		ps.Add("registry", e.Registry, "is not a valid registry", "HOST:PORT")
	}
	if !strings.Contains(e.CA, "BEGIN CERTIFICATE") {
		ps.Add("ca", e.CA, "is not a valid certificate", "PEM")
	}
	return ps
}

func isAddrPort(text string) bool {
	_, err := netip.ParseAddrPort(text)
	return err == nil
}
