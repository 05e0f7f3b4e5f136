package network

import (
	"fmt"
	"net/netip"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/dns"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// privateZone sends a domain and everything below it to the private range.
type privateZone struct {
	// name is short and unique, domain ends with a dot.
	name, domain string
	// target is the name that holds the addresses, and that all others in the
	// zone are aliases of.
	target string
}

// declarePrivateGoogleAPIs lets the VPC reach Google's APIs and Artifact
// Registry at four addresses only, so that no NetworkPolicy has to open the
// internet for them
// (https://cloud.google.com/vpc/docs/configure-private-google-access#config-domain).
func (b *builder) declarePrivateGoogleAPIs(*Network) error {
	if !b.settings.zones() {
		return nil
	}
	prefix, err := netip.ParsePrefix(b.settings.GoogleAPIs())
	if err != nil {
		return fmt.Errorf("parse network.googleApisRange: %w", err)
	}
	for _, zone := range b.settings.privateZones() {
		if err := b.declareZone(zone, addresses(prefix)); err != nil {
			return fmt.Errorf("zone %s: %w", zone.domain, err)
		}
	}
	return nil
}

func (s Settings) privateZones() []privateZone {
	return []privateZone{
		{name: "googleapis", domain: "googleapis.com.", target: "private.googleapis.com."},
		{name: "pkg-dev", domain: "pkg.dev.", target: "pkg.dev."},
	}
}

// zoneName is what Cloud DNS calls the zone.
func (s Settings) zoneName(z privateZone) string { return derived(s.Name, "-"+z.name) }

func (b *builder) declareZone(z privateZone, ips []string) error {
	name := b.name + "-" + z.name
	zone, err := dns.NewManagedZone(b.ctx, name, &dns.ManagedZoneArgs{
		Name:        pulumi.String(b.settings.zoneName(z)),
		Description: pulumi.String("Sends " + z.domain + " to Private Google Access"),
		DnsName:     pulumi.String(z.domain),
		Visibility:  pulumi.String("private"),
		PrivateVisibilityConfig: dns.ManagedZonePrivateVisibilityConfigArgs{
			Networks: dns.ManagedZonePrivateVisibilityConfigNetworkArray{
				dns.ManagedZonePrivateVisibilityConfigNetworkArgs{NetworkUrl: b.vpc.networkLink},
			},
		},
	}, b.options()...)
	if err != nil {
		return err
	}
	for _, record := range []struct {
		name, dnsName, kind string
		data                []string
	}{
		{name + "-addresses", z.target, "A", ips},
		{name + "-aliases", "*." + z.domain, "CNAME", []string{z.target}},
	} {
		_, err := dns.NewRecordSet(b.ctx, record.name, &dns.RecordSetArgs{
			ManagedZone: zone.Name,
			Name:        pulumi.String(record.dnsName),
			Type:        pulumi.String(record.kind),
			Ttl:         pulumi.Int(300),
			Rrdatas:     pulumi.ToStringArray(record.data),
		}, b.options()...)
		if err != nil {
			return err
		}
	}
	return nil
}

// addresses lists every address of a narrow range.
func addresses(prefix netip.Prefix) (ips []string) {
	for ip := prefix.Addr(); prefix.Contains(ip); ip = ip.Next() {
		ips = append(ips, ip.String())
	}
	return ips
}
