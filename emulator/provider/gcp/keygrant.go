package gcp

import (
	"slices"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// redisAgent and registryAgent are the domains of the accounts by which Memorystore and
// Artifact Registry encrypt.
const (
	redisAgent    = "cloud-redis"
	registryAgent = "gcp-sa-artifactregistry"
)

// checkKey refuses a key that does not exist, whose version is not enabled, or that the
// service's agent may not use. An empty key means that Google's own key encrypts.
func (w *Cloud) checkKey(agentDomain, key string) error {
	if key == "" {
		return nil
	}
	if err := w.checkEnabled(key); err != nil {
		return err
	}
	if agent := serviceAgent(agentDomain); !w.mayUse(agent, key) {
		return ungranted(agentDomain, agent, key)
	}
	return nil
}

// ungranted is what a service says to a key that its agent may not use. Each has words of its
// own; where no public report has them, they are ours.
func ungranted(agentDomain, agent, key string) error {
	switch agentDomain {
	case redisAgent: // in the operation that makes the instance
		// https://github.com/hashicorp/terraform-provider-google/issues/17333
		return &operationError{"Instance", failedPrecondition, "Unable to delegate the access of CMEK. Please try again later."}
	case registryAgent:
		// https://github.com/hashicorp/terraform-provider-google/issues/13008
		return apiError(403, "Permission denied on Cloud KMS key. Please ensure your Artifact Registry service account has been authorized to use the configured key.")
	case loggingAgent:
		// https://github.com/hashicorp/terraform-provider-google/issues/16702
		return apiError(400, "service account `%s` must have both encrypt and decrypt access to the CMEK key `%s`", agent, key)
	}
	return apiError(400, "The service agent %s does not have permission to use the Cloud KMS key %s: grant it roles/cloudkms.cryptoKeyEncrypterDecrypter on the key first.", agent, key)
}

// checkEnabled refuses a key that does not exist, or that cannot encrypt: its version is
// disabled, or will be destroyed (https://cloud.google.com/kms/docs/key-states).
func (w *Cloud) checkEnabled(key string) error {
	present, exists := w.Store.Get(TypeCryptoKey, key)
	if !exists {
		return apiError(400, "The Cloud KMS key %s does not exist.", key)
	}
	outputs := provider.Properties(present.Outputs)
	if state := outputs.Text("primaries.0.state"); state != "" && state != enabled {
		return apiError(400, "%s is not enabled, current state is: %s.", outputs.Text("primaries.0.name"), state)
	}
	return nil
}

// mayUse tells whether a service's agent may use the key, as far as the service knows by now.
func (w *Cloud) mayUse(agent, key string) bool {
	if w.GrantsKnown != nil && !w.GrantsKnown() {
		return false
	}
	return slices.ContainsFunc(w.Store.List(TypeCryptoKeyMember), func(grant store.Resource) bool {
		inputs := provider.Properties(grant.Inputs)
		return inputs.Text("cryptoKeyId") == key && inputs.Text("member") == "serviceAccount:"+agent && inputs.Text("role") == "roles/cloudkms.cryptoKeyEncrypterDecrypter"
	})
}
