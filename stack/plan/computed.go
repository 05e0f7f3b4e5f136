package plan

import (
	_ "embed"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// The API reads these as certificates before it starts, so they are some; their
// keys were thrown away.
var (
	//go:embed sql-ca.pem
	sqlCA string
	//go:embed redis-ca.pem
	redisCA string
)

// computed is what Google's APIs add to what was asked for, where the program
// uses it.
func computed(typ, name string, inputs resource.PropertyMap) resource.PropertyMap {
	text := resource.NewProperty[string]
	list := func(of resource.PropertyMap) resource.PropertyValue {
		return resource.NewProperty([]resource.PropertyValue{resource.NewProperty(of)})
	}
	switch typ {
	case "gcp:compute/network:Network":
		return resource.PropertyMap{"selfLink": text("https://www.googleapis.com/compute/v1/projects/p/global/networks/" + name)}
	case "gcp:compute/globalAddress:GlobalAddress":
		if inputs.HasValue("address") {
			return nil
		}
		return resource.PropertyMap{"address": text("198.51.100.7")}
	case "gcp:container/cluster:Cluster":
		computed := resource.PropertyMap{
			"endpoint":   text("192.0.2.10"),
			"masterAuth": resource.NewProperty(resource.PropertyMap{"clusterCaCertificate": text("Q0E=")}),
		}
		if inputs.HasValue("fleet") {
			computed["fleet"] = resource.NewProperty(resource.PropertyMap{"membership": text(membership)})
		}
		return computed
	case "gcp:artifactregistry/repository:Repository":
		return resource.PropertyMap{"name": inputs["repositoryId"]}
	case "gcp:serviceaccount/account:Account":
		email := inputs["accountId"].StringValue() + "@p.iam.gserviceaccount.com"
		return resource.PropertyMap{"email": text(email), "name": text("projects/p/serviceAccounts/" + email)}
	case "gcp:identityplatform/tenant:Tenant":
		return resource.PropertyMap{"name": text(strings.TrimPrefix(name, "accounts-") + "-x1y2z")}
	case "gcp:kms/cryptoKeyVersion:CryptoKeyVersion":
		return resource.PropertyMap{"name": text("projects/p/locations/us-central1/keyRings/r/cryptoKeys/" + name + "/cryptoKeyVersions/1")}
	case "gcp:sql/databaseInstance:DatabaseInstance":
		return resource.PropertyMap{
			"name": text(name + "-1a2b3c4"), "connectionName": text("p:us-central1:" + name + "-1a2b3c4"),
			"privateIpAddress": text("10.60.0.3"), "serverCaCerts": list(resource.PropertyMap{"cert": text(strings.TrimSpace(sqlCA))}),
		}
	case "gcp:redis/instance:Instance":
		return resource.PropertyMap{
			"host": text("10.60.0.20"), "port": resource.NewProperty(6378.0), "authString": resource.MakeSecret(text(RedisAuth)),
			"serverCaCerts": list(resource.PropertyMap{"cert": text(strings.TrimSpace(redisCA))}),
		}
	case "gcp:secretmanager/secretVersion:SecretVersion":
		return resource.PropertyMap{"name": text("projects/p/secrets/" + name + "/versions/1")}
	case "gcp:monitoring/alertPolicy:AlertPolicy":
		return resource.PropertyMap{"name": text("projects/p/alertPolicies/" + name)}
	case "gcp:monitoring/notificationChannel:NotificationChannel":
		return resource.PropertyMap{"name": text("projects/p/" + name)}
	case "gcp:monitoring/slo:Slo":
		return resource.PropertyMap{"name": text("projects/p/services/" + inputs["service"].StringValue() + "/serviceLevelObjectives/" + inputs["sloId"].StringValue())}
	case "gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig":
		return resource.PropertyMap{"uptimeCheckId": text(name + "-x1y2z")}
	}
	return nil
}
