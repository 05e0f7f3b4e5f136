package workload

import (
	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// declareDeployment declares the API's pods. They come after the migration, so
// that code never meets a schema older than it needs, and after the
// NetworkPolicies, so that no pod ever runs without them; and they are scraped
// from the start.
func (b *builder) declareDeployment(w *Workload) error {
	s := b.args.Settings
	spec := appsv1.DeploymentSpecArgs{
		Selector:                selector(APIName),
		ProgressDeadlineSeconds: pulumi.Int(int(s.progressDeadline().Seconds())),
		MinReadySeconds:         pulumi.Int(s.SettleSeconds),
		RevisionHistoryLimit:    pulumi.Int(5),
		Strategy: appsv1.DeploymentStrategyArgs{
			Type: pulumi.String("RollingUpdate"),
			RollingUpdate: appsv1.RollingUpdateDeploymentArgs{
				MaxUnavailable: pulumi.Int(0), MaxSurge: pulumi.Int(1),
			},
		},
		Template: corev1.PodTemplateSpecArgs{
			Metadata: metav1.ObjectMetaArgs{Labels: labels(APIName)},
			Spec:     b.podSpec(),
		},
	}
	options := []pulumi.ResourceOption{s.deploymentTimeouts()}
	if s.autoscaled() {
		options = append(options, leaveReplicas())
	} else {
		spec.Replicas = pulumi.Int(s.Replicas.Min)
	}
	after := append([]pulumi.Resource{b.accounts[APIName], b.migration, b.scraping}, b.args.Before...)
	deployment, err := appsv1.NewDeployment(b.ctx, APIName, &appsv1.DeploymentArgs{
		// Once the Deployment was scaled, by the autoscaler or by hand, another field manager owns the number of pods.
		// An apply that declares one would end with a conflict
		// (https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/).
		Metadata: b.metadata(pulumi.String(APIName), pulumi.StringMap{"pulumi.com/patchForce": pulumi.String("true")}, APIName),
		Spec:     spec,
	}, append(b.options(after...), options...)...)
	if err != nil {
		return err
	}
	w.Ready = append(w.Ready, deployment)
	w.Measured = []pulumi.Resource{b.scraping, deployment}
	w.Running = deployment.ID().ToStringOutput()
	return nil
}

func (b *builder) podSpec() corev1.PodSpecArgs {
	s := b.args.Settings
	variables := append([]Variable{
		{"LISTEN_ADDRESS", pulumi.String("$(POD_IP):8000")},
		{"METRICS_ADDRESS", pulumi.String("$(POD_IP):9090")},
		{"LOG_LEVEL", pulumi.String(s.logLevel())},
	}, b.args.Environment...)
	return corev1.PodSpecArgs{
		ServiceAccountName:            pulumi.String(APIName),
		AutomountServiceAccountToken:  pulumi.Bool(false),
		EnableServiceLinks:            pulumi.Bool(false),
		SecurityContext:               restrictedPod(),
		NodeSelector:                  s.nodeSelector(),
		HostAliases:                   hostAliases(b.args.GoogleAddresses, b.args.GoogleNames),
		TerminationGracePeriodSeconds: pulumi.Int(int(s.terminationTime().Seconds())),
		TopologySpreadConstraints: corev1.TopologySpreadConstraintArray{
			spread("topology.kubernetes.io/zone"), spread("kubernetes.io/hostname"),
		},
		Containers: corev1.ContainerArray{corev1.ContainerArgs{
			Name:            pulumi.String(APIName),
			Image:           b.args.Image.ToStringOutput().ToStringPtrOutput(),
			Args:            pulumi.ToStringArray([]string{"serve"}),
			Env:             environment(variables),
			SecurityContext: restrictedContainer(),
			Resources:       s.resources(),
			Ports: corev1.ContainerPortArray{
				corev1.ContainerPortArgs{Name: pulumi.String("http"), ContainerPort: pulumi.Int(HTTPPort), Protocol: pulumi.String("TCP")},
				corev1.ContainerPortArgs{Name: pulumi.String("metrics"), ContainerPort: pulumi.Int(MetricsPort), Protocol: pulumi.String("TCP")},
			},
			StartupProbe:   probe("/health", startupPeriod, startupFailures),
			LivenessProbe:  probe("/health", 10, 3),
			ReadinessProbe: probe("/ready", 5, 2),
			// The image has no shell: the kubelet itself sleeps (Kubernetes 1.30,
			// https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/).
			Lifecycle: corev1.LifecycleArgs{PreStop: corev1.LifecycleHandlerArgs{
				Sleep: corev1.SleepActionArgs{Seconds: pulumi.Int(s.drain())},
			}},
		}},
	}
}

// The startup probe asks every startupPeriod seconds, startupFailures times.
const (
	startupPeriod   = 2
	startupFailures = 30
)

// probe asks path on the HTTP port every period seconds and gives up after the
// given number of failures.
func probe(path string, period, failures int) corev1.ProbeArgs {
	return corev1.ProbeArgs{
		HttpGet:          corev1.HTTPGetActionArgs{Path: pulumi.String(path), Port: pulumi.Any("http")},
		PeriodSeconds:    pulumi.Int(period),
		TimeoutSeconds:   pulumi.Int(3),
		FailureThreshold: pulumi.Int(failures),
	}
}

// spread prefers different nodes and zones for the pods, but does not require them: a
// rollout that waits for a failed zone helps nobody.
func spread(topology string) corev1.TopologySpreadConstraintArgs {
	return corev1.TopologySpreadConstraintArgs{
		MaxSkew:           pulumi.Int(1),
		TopologyKey:       pulumi.String(topology),
		WhenUnsatisfiable: pulumi.String("ScheduleAnyway"),
		LabelSelector:     selector(APIName),
	}
}
