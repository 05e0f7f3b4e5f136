package daemon

import (
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/coditect-ai/license-platform/emulator/cloudide"
	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
	"github.com/coditect-ai/license-platform/local/google/iam"
	"github.com/coditect-ai/license-platform/local/google/kms"
)

// missingRights names what the program's workloads need at Google's APIs, by what their
// environment says, and no declared grant gives their accounts. Without it a missing
// grant would be found by the first call that needs it: for a signature, by a customer.
func (d *Daemon) missingRights() (all []string) {
	for _, w := range d.workloads() {
		member := d.identityOf(w.namespace, w.pod.ServiceAccountName).Member(cloudide.Project)
		for _, container := range slices.Concat(w.pod.InitContainers, w.pod.Containers) {
			for _, variable := range container.Env {
				for _, need := range d.needsOf(variable) {
					if !d.allows(member, need) {
						all = append(all, fmt.Sprintf("%s, which %s needs for %s", lacks(member, need), w.name, variable.Name))
					}
				}
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// workload is a Deployment or a Job of the program's.
type workload struct {
	namespace, name string
	pod             corev1.PodSpec
}

// workloads are the program's. What cannot be read is left out: the provider has checked
// it.
func (d *Daemon) workloads() (all []workload) {
	for _, r := range d.declared(kubernetes.TypeDeployment) {
		var deployment appsv1.Deployment
		if err := object(r, &deployment); err == nil {
			all = append(all, workload{deployment.Namespace, "Deployment/" + deployment.Name, deployment.Spec.Template.Spec})
		}
	}
	for _, r := range d.declared(kubernetes.TypeJob) {
		var job batchv1.Job
		if err := object(r, &job); err == nil {
			all = append(all, workload{job.Namespace, "Job/" + job.Name, job.Spec.Template.Spec})
		}
	}
	return all
}

// needsOf are what a program does with what a variable names, as the license API's help
// says: it signs with KMS_KEY_VERSION, publishes KMS_KEY_VERSIONS, and reads versions of
// secrets. The settings can suspend signing.
func (d *Daemon) needsOf(variable corev1.EnvVar) (all []iam.Need) {
	need := func(needed iam.Need, err error) {
		if err == nil { // it names such a version
			all = append(all, needed)
		}
	}
	switch {
	case variable.Name == "KMS_KEY_VERSION" && (d.lockedDown() || d.suspended()[signing]):
	case variable.Name == "KMS_KEY_VERSION":
		need(kms.OnVersion(iam.Sign, variable.Value))
	case variable.Name == "KMS_KEY_VERSIONS":
		for version := range strings.SplitSeq(variable.Value, ",") {
			need(kms.OnVersion(iam.PublicKeyView, version))
		}
	case strings.HasSuffix(variable.Name, "_SECRET"):
		need(secretNeeds().OnVersion(iam.SecretAccess, variable.Value))
	}
	return all
}
