package network

import (
	"crypto/sha256"
	"encoding/hex"
)

// longestName is how long a name of Compute Engine and of Cloud DNS may be
// (https://cloud.google.com/compute/docs/naming-resources).
const longestName = 63

// derived names what belongs to the network: the network's name and a suffix. A
// network's own name may be as long as any, so a name that would be too long has
// the end of the network's replaced by a fingerprint of all of it.
func derived(network, suffix string) string {
	if len(network)+len(suffix) <= longestName {
		return network + suffix
	}
	sum := sha256.Sum256([]byte(network))
	fingerprint := "-" + hex.EncodeToString(sum[:4])
	return network[:longestName-len(suffix)-len(fingerprint)] + fingerprint + suffix
}
