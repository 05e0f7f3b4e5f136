package network

import (
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ownSSLPolicy is the name of the SSL policy that the platform creates.
const ownSSLPolicy = "license-platform-tls"

// declareEdge creates or adopts the load balancer's address and TLS policy.
func (b *builder) declareEdge(n *Network) error {
	if err := b.declareAddress(n); err != nil {
		return err
	}
	if b.settings.SSLPolicy != "" {
		n.SSLPolicyName = pulumi.String(b.settings.SSLPolicy).ToStringOutput()
		return nil
	}
	policy, err := compute.NewSSLPolicy(b.ctx, b.name, &compute.SSLPolicyArgs{
		Name:          pulumi.String(ownSSLPolicy),
		Description:   pulumi.String("TLS 1.2 and newer with forward secrecy and AEAD ciphers only"),
		Profile:       pulumi.String("RESTRICTED"),
		MinTlsVersion: pulumi.String("TLS_1_2"),
	}, b.options()...)
	if err != nil {
		return err
	}
	n.SSLPolicyName = policy.Name
	return nil
}

func (b *builder) declareAddress(n *Network) error {
	edge := b.settings.EdgeAddress
	if edge.Adopt {
		found := compute.LookupGlobalAddressOutput(b.ctx, compute.LookupGlobalAddressOutputArgs{
			Name:    pulumi.String(edge.Name),
			Project: pulumi.String(b.args.Project),
		}, pulumi.Parent(b.parent))
		n.EdgeAddress, n.EdgeAddressName = found.Address(), found.Name()
		return nil
	}
	address, err := compute.NewGlobalAddress(b.ctx, b.name+"-edge", &compute.GlobalAddressArgs{
		Name:        pulumi.String(edge.Name),
		Description: pulumi.String("Edge of the license platform"),
		AddressType: pulumi.String("EXTERNAL"),
		IpVersion:   pulumi.String("IPV4"),
	}, b.options(pulumi.Protect(edge.Protected()))...)
	if err != nil {
		return err
	}
	n.EdgeAddress, n.EdgeAddressName = address.Address, address.Name
	return nil
}
