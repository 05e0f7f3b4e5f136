package workload

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// nonRoot is the image's user and group.
const nonRoot = 65532

// Variable is one environment variable with a value that may come from a
// resource.
type Variable struct {
	// Name as the API's --help lists it.
	Name string
	// Value is never a credential: those stay in Secret Manager.
	Value pulumi.StringInput
}

// environment puts the pod's own address first, since other values refer to it.
func environment(variables []Variable) corev1.EnvVarArray {
	all := corev1.EnvVarArray{corev1.EnvVarArgs{
		Name: pulumi.String("POD_IP"),
		ValueFrom: corev1.EnvVarSourceArgs{
			FieldRef: corev1.ObjectFieldSelectorArgs{FieldPath: pulumi.String("status.podIP")},
		},
	}}
	for _, v := range variables {
		all = append(all, corev1.EnvVarArgs{Name: pulumi.String(v.Name), Value: v.Value.ToStringOutput().ToStringPtrOutput()})
	}
	return all
}

// restrictedPod and restrictedContainer are what the "restricted" Pod Security
// Standard asks for
// (https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted).
func restrictedPod() corev1.PodSecurityContextArgs {
	return corev1.PodSecurityContextArgs{
		RunAsNonRoot:   pulumi.Bool(true),
		RunAsUser:      pulumi.Int(nonRoot),
		RunAsGroup:     pulumi.Int(nonRoot),
		SeccompProfile: corev1.SeccompProfileArgs{Type: pulumi.String("RuntimeDefault")},
	}
}

func restrictedContainer() corev1.SecurityContextArgs {
	return corev1.SecurityContextArgs{
		AllowPrivilegeEscalation: pulumi.Bool(false),
		ReadOnlyRootFilesystem:   pulumi.Bool(true),
		RunAsNonRoot:             pulumi.Bool(true),
		Capabilities:             corev1.CapabilitiesArgs{Drop: pulumi.ToStringArray([]string{"ALL"})},
	}
}

// resources request CPU without limiting it, since throttling only adds delay,
// and limit memory to what is requested, so that no pod takes another's.
func (s Settings) resources() corev1.ResourceRequirementsArgs {
	memory := pulumi.String(s.memory())
	return corev1.ResourceRequirementsArgs{
		Requests: pulumi.StringMap{"cpu": pulumi.String(s.cpu()), "memory": memory},
		Limits:   pulumi.StringMap{"memory": memory},
	}
}

// nodeSelector is where an image for Arm processors can run. GKE keeps all other pods off such
// nodes by a taint, and pods that select such nodes tolerate it
// (https://cloud.google.com/kubernetes-engine/docs/how-to/prepare-arm-workloads-for-deployment).
func (s Settings) nodeSelector() pulumi.StringMapInput {
	if !s.Arm() {
		return nil
	}
	return pulumi.StringMap{"kubernetes.io/arch": pulumi.String("arm64")}
}
