package kubernetes

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"k8s.io/apimachinery/pkg/util/validation"
	sigsjson "sigs.k8s.io/json"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
)

const defaultNamespace = "default"

// initialNamespaces are in every cluster of GKE from its beginning
// (https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/#initial-namespaces,
// https://cloud.google.com/stackdriver/docs/managed-prometheus/setup-managed).
func initialNamespaces() []string {
	return []string{defaultNamespace, "kube-system", "kube-public", "kube-node-lease", "gmp-system", "gmp-public"}
}

// kind turns a type of object into what the provider core works with.
func (w *Cluster) kind(t objectType) provider.Kind {
	kind := provider.Kind{
		Type: t.token, Own: t.own, Stored: t.stored(), NameProperty: "metadata.name",
		Immutable: append([]string{"apiVersion", "kind", "metadata.name", "metadata.namespace"}, t.immutable...),
		Computed:  []string{"status"},
		ID:        func(d *provider.Draft) string { return t.id(d.Inputs) },
		Check:     func(d *provider.Draft) []provider.Failure { return w.check(t, d.Inputs) },
		Compute:   func(_ context.Context, d *provider.Draft) error { return w.compute(t, d) },
		Seen:      seen,
		Adopt: func(d *provider.Draft, present store.Resource) error {
			if !d.Config.Upsert && t.patches == "" {
				return fmt.Errorf("resource %q was not successfully created by the Kubernetes API server: %s %q already exists", present.ID, t.kind(), present.ID)
			}
			return nil
		},
	}
	if !t.priced {
		kind.Free = "an object of the cluster, whose nodes and load balancer are priced where the stack creates them"
	}
	if t.patches != "" {
		kind.Release = func(r store.Resource) (store.Resource, error) { return w.release(t, r) }
	}
	return kind
}

func (t objectType) kind() string { return t.token[strings.LastIndex(t.token, ":")+1:] }

// id is "namespace/name", or "name" for an object without a namespace.
func (t objectType) id(inputs provider.Properties) string {
	name := inputs.Text("metadata.name")
	if t.cluster {
		return name
	}
	namespace := inputs.Text("metadata.namespace")
	if namespace == "" {
		namespace = defaultNamespace
	}
	return namespace + "/" + name
}

// check refuses what the API server would refuse.
func (w *Cluster) check(t objectType, inputs provider.Properties) []provider.Failure {
	known, ok := provider.WithoutUnknown(inputs).(map[string]any)
	if !ok {
		return nil
	}
	failures := checkMetadata(inputs)
	if t.empty == nil {
		if err := w.Schemas.Validate(withoutNull(known)); err != nil {
			failures = append(failures, provider.Refuse("", "%s %q: %v", t.kind(), t.id(inputs), err))
		}
		return failures
	}
	object := t.empty()
	if err := decode(known, object); err != nil {
		return append(failures, provider.Refuse("", "%s in version %q cannot be handled as a %s: strict decoding error: %v", t.kind(), inputs.Text("apiVersion"), t.kind(), err))
	}
	if t.check != nil && t.patches == "" { // of a patch the object that it makes is checked
		failures = append(failures, t.check(object)...)
	}
	return failures
}

// decode fills object and refuses fields that its type does not have.
func decode(properties map[string]any, object any) error {
	content, err := json.Marshal(properties)
	if err != nil {
		return err
	}
	unknown, err := sigsjson.UnmarshalStrict(content, object)
	return errors.Join(append(unknown, err)...)
}

// withoutNull drops unknown values: a schema would refuse a null.
func withoutNull(object map[string]any) map[string]any {
	kept := map[string]any{}
	for key, value := range object {
		switch v := value.(type) {
		case nil:
		case map[string]any:
			kept[key] = withoutNull(v)
		default:
			kept[key] = v
		}
	}
	return kept
}

func checkMetadata(inputs provider.Properties) []provider.Failure {
	var failures []provider.Failure
	if name := inputs.Text("metadata.name"); name != "" {
		for _, problem := range validation.IsDNS1123Subdomain(name) {
			failures = append(failures, provider.Refuse("metadata.name", "metadata.name: Invalid value: %q: %s", name, problem))
		}
	}
	for key, value := range inputs.Object("metadata.labels") {
		for _, problem := range validation.IsQualifiedName(key) {
			failures = append(failures, provider.Refuse("metadata.labels", "metadata.labels: Invalid value: %q: %s", key, problem))
		}
		text, _ := value.(string)
		for _, problem := range validation.IsValidLabelValue(text) {
			failures = append(failures, provider.Refuse("metadata.labels", "metadata.labels: Invalid value: %q: %s", text, problem))
		}
	}
	return failures
}

// compute merges the declared object into the existing one, and adds what the API server
// assigns.
func (w *Cluster) compute(t objectType, d *provider.Draft) error {
	if name := d.Inputs.Text("metadata.name"); t.token == TypeNamespace && !d.Exists && !d.Config.Upsert && slices.Contains(initialNamespaces(), name) {
		return fmt.Errorf("resource %q was not successfully created by the Kubernetes API server: %s %q already exists", name, t.kind(), name)
	}
	present, _ := w.Store.Get(t.stored(), t.id(d.Inputs)) // empty when the object is new
	merged, err := w.write(t, d, present)
	if err != nil {
		return err
	}
	if status, given := d.Outputs["status"]; given {
		merged["status"] = status
	}
	d.Outputs = canonical(merged).(map[string]any)
	metadata := maps.Clone(map[string]any(provider.Properties(d.Outputs).Object("metadata")))
	if metadata == nil {
		metadata = map[string]any{}
	}
	if !t.cluster {
		namespace := d.Inputs.Text("metadata.namespace")
		if namespace == "" {
			namespace = defaultNamespace
		}
		metadata["namespace"] = namespace
		if _, exists := w.Store.Get(TypeNamespace, namespace); !exists {
			return fmt.Errorf("namespaces %q not found", namespace)
		}
	}
	revision := 1
	assigned := map[string]string{"uid": uuid.NewString(), "creationTimestamp": time.Now().UTC().Format(time.RFC3339)}
	was := provider.Properties(present.Outputs)
	for field, fresh := range assigned {
		metadata[field] = cmp.Or(was.Text("metadata."+field), fresh)
	}
	if n, err := strconv.Atoi(was.Text("metadata.resourceVersion")); err == nil {
		revision = n + 1
	}
	metadata["resourceVersion"], metadata["generation"] = strconv.Itoa(revision), float64(revision)
	d.Outputs["metadata"] = metadata
	if t.token == TypeService {
		w.assignClusterIP(d)
	}
	return nil
}
