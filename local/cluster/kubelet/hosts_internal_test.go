package kubelet

import (
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
)

func TestAPodsHostsFileHasItselfAndItsAliasesAsKubernetesWritesThem(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.16.64.2\tlicense-api-1\n", hosts("license-api-1", "127.16.64.2", nil))
	assert.Equal(t, "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.16.64.2\tlicense-api-1\n"+
		"\n# Entries added by HostAliases.\n199.36.153.8\tcloudkms.googleapis.com\twww.googleapis.com\n199.36.153.9\tcloudkms.googleapis.com\n",
		hosts("license-api-1", "127.16.64.2", []corev1.HostAlias{
			{IP: "199.36.153.8", Hostnames: []string{"cloudkms.googleapis.com", "www.googleapis.com"}},
			{IP: "199.36.153.9", Hostnames: []string{"cloudkms.googleapis.com"}},
		}))
}
