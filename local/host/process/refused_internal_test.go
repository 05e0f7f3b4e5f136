package process

import (
	"fmt"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestARefusalOfNamespacesSaysWhereItIsSet(t *testing.T) {
	t.Parallel()
	for number, says := range map[syscall.Errno]string{
		syscall.ENOSPC: "user.max_user_namespaces", syscall.EPERM: "kernel.apparmor_restrict_unprivileged_userns", syscall.EINVAL: "the kernel has no namespaces",
	} {
		why := whyRefused(fmt.Errorf("fork/exec /bin/true: %w", number))
		assert.Contains(t, why, says)
		assert.NotContains(t, why, "space left", "nobody looks for room on a disk")
	}
}

func TestThisMachineLetsRootRunProgramsOfOthers(t *testing.T) {
	t.Parallel()
	assert.NoError(t, CheckUnprivileged(), "where the tests run, PostgreSQL does")
}
