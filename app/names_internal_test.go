package app

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAFingerprintIs1To256VisibleASCIICharacters(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"!", "~", "device-1", strings.Repeat("x", 256)} {
		assert.True(t, validFingerprint(good), good)
	}
	for _, bad := range []string{"", " ", "a b", "a\x7f", "a\n", "gerät", strings.Repeat("x", 257)} {
		assert.False(t, validFingerprint(bad), bad)
	}
}

func TestTheNameOfACredentialIs1To64CharactersThatEveryShellShows(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"a", "z", "A", "Z", "0", "9", "build server 1.0_b-c", strings.Repeat("x", 64)} {
		assert.True(t, validCredentialName(good), good)
	}
	for _, bad := range []string{"", "a/b", "a:b", "a@b", "a[b", "a`b", "a{b", "ä", "a\n", strings.Repeat("x", 65)} {
		assert.False(t, validCredentialName(bad), bad)
	}
}
