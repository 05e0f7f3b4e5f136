package checklist

import (
	"fmt"
	"slices"
	"strings"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
)

// checkovSection is the heading of checkov's checks.
const checkovSection = "Checkov"

// Checkov are checkov's checks for Google Cloud about resource types that a stack
// declares, with checkov's ids and titles and with pulumi-gcp's property names. Skipped
// lists all others. https://www.checkov.io/5.Policy%20Index/terraform.html
func Checkov() []Item {
	return slices.Concat(checkovEdge(), checkovCluster(), checkovDatabase(), checkovRest())
}

// check is one of checkov's.
func check(id, title string, requirements ...Requirement) Item {
	return Item{ID: id, Section: checkovSection, Text: title, Requirements: requirements}
}

func checkovEdge() []Item {
	items := []Item{
		check("CKV_GCP_4", "Ensure no HTTPS or SSL proxy load balancers permit SSL policies with weak cipher suites",
			Requirement{Type: gcp.TypeSSLPolicy, When: gcp.TypeSSLPolicy, Path: "profile", Want: is("RESTRICTED"), Break: "COMPATIBLE"},
			Requirement{Type: gcp.TypeSSLPolicy, When: gcp.TypeSSLPolicy, Path: "minTlsVersion", Want: oneOf("TLS_1_2", "TLS_1_3"), Break: "TLS_1_0"}),
		check("CKV_GCP_73", "Ensure Cloud Armor prevents message lookup in Log4j2 (CVE-2021-44228)",
			Requirement{Type: gcp.TypeSecurityPolicyRule, Name: "armor-waf-cve", Path: "match.expr.expression", Want: contains("'cve-canary'"), Break: "false"},
			Requirement{Type: gcp.TypeSecurityPolicyRule, Name: "armor-waf-cve", Path: "action", Want: matches(`^deny\(`), Break: "allow"},
			Requirement{Type: gcp.TypeSecurityPolicyRule, Name: "armor-waf-cve", Path: "preview", Want: unset(), Break: true}),
		check("CKV_GCP_26", "Ensure that VPC Flow Logs is enabled for every subnet in a VPC Network",
			Requirement{Type: gcp.TypeSubnetwork, When: gcp.TypeSubnetwork, Path: "logConfig.flowSampling", Want: between(0.01, 1), Break: 0.0}),
		check("CKV_GCP_74", "Ensure that private_ip_google_access is enabled for Subnet",
			Requirement{Type: gcp.TypeSubnetwork, When: gcp.TypeSubnetwork, Path: "privateIpGoogleAccess", Want: is(true), Break: false}),
		check("CKV_GCP_76", "Ensure that Private google access is enabled for IPV6",
			Requirement{Type: gcp.TypeSubnetwork, When: gcp.TypeSubnetwork, Path: "stackType", Want: custom("is without IPv6, or its private access is on", privateIPv6), Break: "IPV4_IPV6"}),
		check("CKV2_GCP_18", "Ensure GCP network defines a firewall and does not use the default firewall",
			Requirement{Type: gcp.TypeNetwork, When: gcp.TypeNetwork, Path: "name", Want: noneOf("default", nil), Break: "default"},
			Requirement{Type: gcp.TypeFirewall, When: gcp.TypeFirewall, Path: "network", Want: given()}),
		check("CKV2_GCP_2", "Ensure legacy networks do not exist for a project",
			Requirement{Type: gcp.TypeNetwork, When: gcp.TypeNetwork, Path: "autoCreateSubnetworks", Want: is(false), Break: true}),
		check("CKV2_GCP_12", "Ensure GCP compute firewall ingress does not allow unrestricted access to all ports",
			Requirement{Type: gcp.TypeFirewall, When: gcp.TypeFirewall, Path: "allows[0].ports", Want: someItems(), Break: []any{}}),
		check("CKV_GCP_16", "Ensure that DNSSEC is enabled for Cloud DNS",
			Requirement{Type: gcp.TypeManagedZone, When: gcp.TypeManagedZone, Path: "visibility", Want: custom("is private, or DNSSEC is on", signedOrPrivate), Break: "public"}),
		check("CKV_GCP_17", "Ensure that RSASHA1 is not used for the zone-signing and key-signing keys in Cloud DNS DNSSEC",
			Requirement{
				Type: gcp.TypeManagedZone, When: gcp.TypeManagedZone, Path: "dnssecConfig.defaultKeySpecs[0].algorithm",
				Want: custom("is not rsasha1", func(s Subject) bool { return s.Value != "rsasha1" }), Break: "rsasha1",
			}),
	}
	for _, port := range []struct{ id, number, title string }{
		{"CKV_GCP_2", "22", "unrestricted ssh access"},
		{"CKV_GCP_3", "3389", "unrestricted rdp access"},
		{"CKV_GCP_75", "21", "unrestricted FTP access"},
		{"CKV_GCP_77", "20", "access on the ftp port"},
		{"CKV_GCP_88", "3306", "unrestricted mysql access"},
		{"CKV_GCP_106", "80", "unrestricted http port 80 access"},
	} {
		items = append(items, check(port.id, "Ensure Google compute firewall ingress does not allow "+port.title,
			Requirement{
				Type: gcp.TypeFirewall, When: gcp.TypeFirewall, Path: "allows", Want: closed(port.number),
				Break: []any{map[string]any{"protocol": "tcp", "ports": []any{"1-4000"}}},
			}))
	}
	return items
}

// privateIPv6: without IPv6 there is nothing to keep private.
func privateIPv6(s Subject) bool {
	return s.Value == "IPV4_ONLY" || strings.HasPrefix(s.Resource.Text("privateIpv6GoogleAccess"), "ENABLE_")
}

// signedOrPrivate: only a public zone can be signed.
// https://cloud.google.com/dns/docs/dnssec
func signedOrPrivate(s Subject) bool {
	return s.Value == "private" || s.Resource.Text("dnssecConfig.state") == "on"
}

// closed wants no allowed range of ports with this one in it.
func closed(port string) Want {
	return custom("leaves port "+port+" closed", func(s Subject) bool {
		allows, ok := s.Value.([]any)
		if !ok {
			return false
		}
		for _, item := range allows {
			allowed, _ := item.(map[string]any)
			ports, _ := allowed["ports"].([]any)
			if len(ports) == 0 || slices.ContainsFunc(ports, func(p any) bool { return covers(fmt.Sprint(p), port) }) {
				return false
			}
		}
		return true
	})
}

// covers tells whether a port, or a range such as "1-4000", holds another.
func covers(ports, port string) bool {
	var first, last, wanted int
	if _, err := fmt.Sscan(port, &wanted); err != nil {
		return true
	}
	low, high, ranged := strings.Cut(ports, "-")
	if !ranged {
		high = low
	}
	if _, err := fmt.Sscan(low+" "+high, &first, &last); err != nil {
		return true
	}
	return first <= wanted && wanted <= last
}

// labelled: the provider puts its default labels on everything that takes some.
func labelled(s Subject) bool {
	labels, ok := s.Value.(map[string]any)
	return ok && labels["environment"] != nil && labels["managed-by"] == "pulumi"
}
