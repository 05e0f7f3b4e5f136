// Package cloudide is what the Cloud IDE has in Google Cloud before the license
// platform comes: its cluster, network, address, namespace, Services,
// certificate and Ingress. The platform adopts some of it and has to leave the
// rest as it is.
package cloudide

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// Names of the IDE's world, as its own manifests and the stack's settings have
// them.
const (
	Project    = "coditect-cloud-infra"
	Region     = "us-central1"
	Cluster    = "coditect-cluster"
	Network    = "coditect-vpc"
	Subnetwork = "coditect-subnet"
	Address    = "coditect-ai-ip"
	// SSLPolicy is one that nothing uses yet, with TLS 1.3 only.
	SSLPolicy   = "coditect-tls13"
	Namespace   = "coditect-app"
	Certificate = "coditect-ai-ssl"
	Backend     = "coditect-backend-config"
	Ingress     = "coditect-unified-ingress"
	NodeAccount = "gke-nodes"

	// API and Frontend are the IDE's Services, which its Ingress routes to, and Port
	// is where their pods listen.
	API      = "coditect-api-v2"
	Frontend = "coditect-frontend"
	Port     = 8080

	// Names is the address of the Service kube-dns, in the range for Services.
	Names = "34.118.224.10"

	// webSocketTimeout is the IDE's backend timeout, in seconds: its WebSockets last up
	// to a day.
	webSocketTimeout = 86400
	// installed is when the IDE came, for what the API server stamps.
	installed = "2025-11-01T08:00:00Z"
)

const computeLink = "https://www.googleapis.com/compute/v1/"

// Declare puts the IDE's world into the store, unless it is there. It lies at the
// given addresses; ca is the certificate authority of the cluster, as PEM.
func Declare(s *store.Store, at gcp.Addresses, ca string) error {
	shared, err := ingress(at.Edge.String())
	if err != nil {
		return fmt.Errorf("make the Cloud IDE's Ingress: %w", err)
	}
	for _, r := range append(append(google(at, ca), objects()...), shared) {
		if _, exists := s.Get(r.Type, r.ID); exists {
			continue
		}
		if err := s.Put(r); err != nil {
			return fmt.Errorf("put the Cloud IDE's part into the store: %w", err)
		}
	}
	return nil
}

// resource has outputs that are its inputs and what more there is.
func resource(typ, id string, inputs, more map[string]any) store.Resource {
	outputs := map[string]any{}
	for _, properties := range []map[string]any{inputs, more} {
		for key, value := range properties {
			outputs[key] = value
		}
	}
	return store.Resource{Type: typ, ID: id, Inputs: inputs, Outputs: outputs}
}

func google(at gcp.Addresses, ca string) []store.Resource {
	network := "projects/" + Project + "/global/networks/" + Network
	subnetwork := "projects/" + Project + "/regions/" + Region + "/subnetworks/" + Subnetwork
	cluster := "projects/" + Project + "/locations/" + Region + "/clusters/" + Cluster
	edge := "projects/" + Project + "/global/addresses/" + Address
	strict := "projects/" + Project + "/global/sslPolicies/" + SSLPolicy
	nodes := NodeAccount + "@" + Project + ".iam.gserviceaccount.com"
	return append(slices.Concat(privateServices(at, network), zones(at, network), audited()), []store.Resource{
		resource(gcp.TypeNetwork, network,
			map[string]any{"name": Network, "project": Project, "autoCreateSubnetworks": false, "routingMode": "REGIONAL"},
			map[string]any{"selfLink": computeLink + network}),
		resource(gcp.TypeSubnetwork, subnetwork,
			map[string]any{"name": Subnetwork, "project": Project, "region": Region, "network": network, "ipCidrRange": "10.0.0.0/20", "privateIpGoogleAccess": true},
			map[string]any{"selfLink": computeLink + subnetwork, "gatewayAddress": "10.0.0.1"}),
		resource(gcp.TypeServiceAccount, "projects/"+Project+"/serviceAccounts/"+nodes,
			map[string]any{"accountId": NodeAccount, "project": Project},
			map[string]any{"email": nodes, "member": "serviceAccount:" + nodes, "name": "projects/" + Project + "/serviceAccounts/" + nodes, "uniqueId": "100000000000000000001"}),
		resource(gcp.TypeCluster, cluster,
			map[string]any{
				"name": Cluster, "project": Project, "location": Region, "network": network, "subnetwork": subnetwork, "datapathProvider": "ADVANCED_DATAPATH",
				"workloadIdentityConfig": map[string]any{"workloadPool": Project + ".svc.id.goog"},
				"nodePools": []any{map[string]any{"name": "default-pool", "nodeConfig": map[string]any{
					"serviceAccount": nodes, "workloadMetadataConfig": map[string]any{"mode": "GKE_METADATA"},
				}}},
			},
			map[string]any{
				"endpoint":        at.ControlPlane.String(),
				"masterVersion":   "1.33.5-gke.1162000",
				"selfLink":        "https://container.googleapis.com/v1/" + cluster,
				"clusterIpv4Cidr": at.Pods.String(), "servicesIpv4Cidr": "34.118.224.0/20",
				"masterAuth": map[string]any{"clusterCaCertificate": base64.StdEncoding.EncodeToString([]byte(ca))},
			}),
		resource(gcp.TypeGlobalAddress, edge,
			map[string]any{"name": Address, "project": Project, "addressType": "EXTERNAL", "ipVersion": "IPV4"},
			map[string]any{"address": at.Edge.String(), "selfLink": computeLink + edge, "status": "IN_USE"}),
		resource(gcp.TypeSSLPolicy, strict,
			map[string]any{"name": SSLPolicy, "project": Project, "profile": "RESTRICTED", "minTlsVersion": "TLS_1_3"},
			map[string]any{"selfLink": computeLink + strict}),
		resource(kubernetes.TypeNamespace, Namespace,
			map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": Namespace, "labels": map[string]any{"kubernetes.io/metadata.name": Namespace}}},
			map[string]any{"status": map[string]any{"phase": "Active"}}),
	}...)
}

func objects() []store.Resource {
	backend := map[string]any{
		"cdn":             map[string]any{"enabled": false},
		"sessionAffinity": map[string]any{"affinityType": "CLIENT_IP"},
		"healthCheck":     map[string]any{"requestPath": "/health"},
		"timeoutSec":      float64(webSocketTimeout),
	}
	made := []store.Resource{
		object(kubernetes.TypeBackendConfig, "cloud.google.com/v1", "BackendConfig", Backend, nil, backend),
		object(kubernetes.TypeManagedCertificate, "networking.gke.io/v1", "ManagedCertificate", Certificate, nil,
			map[string]any{"domains": []any{"coditect.ai", "www.coditect.ai", "api.coditect.ai", "docs.coditect.ai"}}),
	}
	for i, name := range []string{API, Frontend} {
		made = append(made, object(kubernetes.TypeService, "v1", "Service", name,
			map[string]any{
				"cloud.google.com/neg":            `{"ingress": true}`,
				"cloud.google.com/backend-config": `{"default": "` + Backend + `"}`,
			},
			map[string]any{
				"type": "ClusterIP", "clusterIP": fmt.Sprintf("34.118.239.%d", 10+i), "selector": map[string]any{"app": name},
				"ports": []any{map[string]any{"name": "http", "port": float64(80), "targetPort": float64(Port), "protocol": "TCP"}},
			}))
	}
	return made
}

func object(typ, version, kind, name string, annotations, spec map[string]any) store.Resource {
	metadata := map[string]any{"name": name, "namespace": Namespace}
	if annotations != nil {
		metadata["annotations"] = annotations
	}
	assigned := maps.Clone(metadata)
	assigned["creationTimestamp"], assigned["resourceVersion"], assigned["generation"] = installed, "1", float64(1)
	assigned["uid"] = uuid.NewSHA1(uuid.NameSpaceURL, []byte(typ+"/"+name)).String()
	return resource(typ, Namespace+"/"+name,
		map[string]any{"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec},
		map[string]any{"metadata": assigned})
}
