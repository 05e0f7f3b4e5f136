package network

import (
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/setting/taken"
)

// edgeDescription tells an address that a stack made from others.
const edgeDescription = "Edge of the license platform"

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
	free, err := b.refuseTakenAddress()
	if err != nil {
		return err
	}
	address, err := compute.NewGlobalAddress(b.ctx, b.name+"-edge", &compute.GlobalAddressArgs{
		Name:        pulumi.String(edge.Name),
		Description: pulumi.String(edgeDescription),
		AddressType: pulumi.String("EXTERNAL"),
		IpVersion:   pulumi.String("IPV4"),
	}, b.options(pulumi.Protect(edge.Protected()), free)...)
	if err != nil {
		return err
	}
	n.EdgeAddress, n.EdgeAddressName = address.Address, address.Name
	return nil
}

// refuseTakenAddress refuses, in a preview, to make an address that the project has already:
// the load balancer of somebody else may hold it.
func (b *builder) refuseTakenAddress() (pulumi.ResourceOption, error) {
	name := b.settings.EdgeAddress.Name
	return taken.Refuse(b.ctx, taken.Name{
		Hook: "the public address's name is free",
		Of:   "the address " + name,
		Look: func() (string, error) {
			found, err := compute.LookupGlobalAddress(b.ctx, &compute.LookupGlobalAddressArgs{Name: name, Project: &b.args.Project}, pulumi.Provider(b.args.Asking))
			if err != nil {
				return "", err
			}
			return found.Address, nil
		},
		Remedy: "set network.edgeAddress.adopt: true to use it as it is, or another network.edgeAddress.name for one of the stack's own",
	})
}
