package constraint_test

import (
	"slices"
	"strings"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
)

const (
	secretSDK      = "https://www.pulumi.com/registry/packages/gcp/api-docs/secretmanager/secret/"
	secretQuotas   = "https://cloud.google.com/secret-manager/quotas"
	secretCMEK     = "https://cloud.google.com/secret-manager/docs/cmek"
	registrySDK    = "https://www.pulumi.com/registry/packages/gcp/api-docs/artifactregistry/repository/"
	registryCreate = "https://cloud.google.com/artifact-registry/docs/repositories/create-repos"
)

// replicated is a secret in one region, encrypted with a key if one is given.
func replicated(key string) map[string]any {
	replica := map[string]any{"location": region}
	if key != "" {
		replica["customerManagedEncryption"] = map[string]any{"kmsKeyName": key}
	}
	return map[string]any{"secretId": "s", "replication": map[string]any{"userManaged": map[string]any{"replicas": []any{replica}}}}
}

func storeRows() []row {
	const secret, version = gcp.TypeSecret, gcp.TypeSecretVersion
	replication := "replication.userManaged.replicas"
	elsewhereReplica := replicated(elsewhere)["replication"].(map[string]any)["userManaged"].(map[string]any)["replicas"]
	image := map[string]any{"repositoryId": "license-platform", "format": "DOCKER", "location": region}
	data := map[string]any{"secret": "projects/" + project + "/secrets/s", "secretData": strings.Repeat("x", 64<<10)}
	keys := refusesUngranted(encrypted("a repository", gcp.TypeRepository, "kmsKeyName", "gcp-sa-artifactregistry", image),
		"Permission denied on Cloud KMS key", "https://github.com/hashicorp/terraform-provider-google/issues/13008")
	return slices.Concat(keys, []row{
		{
			what: "a secret: a key of another location", typ: secret, right: replicated(keyID),
			change: changes{replication: elsewhereReplica}, says: misplaced, source: secretCMEK,
		},
		{
			what: "a secret: a key that the service's agent may not use", typ: secret, right: replicated(keyID), when: onCreate,
			given: key(), lacking: grant("gcp-sa-secretmanager"), says: ungranted, source: secretCMEK,
		},
		{
			what: "a secret with two kinds of replication", typ: secret, right: replicated(""),
			change: changes{"replication.auto": map[string]any{}}, says: "only one of `replication.userManaged,replication.auto` can be specified", source: secretSDK,
		},
		{
			what: "a secret without a replication", typ: secret, right: replicated(""),
			change: changes{"replication": nil}, says: `The argument "replication" is required`, source: secretSDK,
		},
		{
			what: "a secret with a slash in its name", typ: secret, right: replicated(""),
			change: changes{"secretId": "a/secret"}, says: "Must be a match of regex", source: secretSDK,
		},
		{
			what: "a payload of more than 64 KiB", typ: version, right: data,
			change: changes{"secretData": strings.Repeat("x", 64<<10+1)}, says: "at most 65536 are allowed", source: secretQuotas,
		},
		{
			what: "a version of a secret that does not exist", typ: version, right: data, when: onCreate,
			lacking: []made{{secret, "s", replicated("")}}, says: "secrets/s] not found", source: "https://cloud.google.com/secret-manager/docs/add-secret-version",
		},
		{
			what: "a secret of a name in use", typ: secret, right: with(replicated(""), changes{"secretId": "other"}), when: onCreate,
			given: []made{{secret, "s", replicated("")}}, change: changes{"secretId": "s"}, says: "already exists", source: secretSDK,
		},
		{
			what: "a repository with capital letters", typ: gcp.TypeRepository, right: image,
			change: changes{"repositoryId": "License"}, says: "Must be a match of regex", source: registryCreate,
		},
		{
			what: "a repository without a format", typ: gcp.TypeRepository, right: image,
			change: changes{"format": nil}, says: `The argument "format" is required`, source: registrySDK,
		},
	})
}
