package workload

import (
	autoscalingv2 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/autoscaling/v2"
	policyv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/policy/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// autoscaled tells whether the number of pods may change by itself.
func (s Settings) autoscaled() bool { return s.Replicas.Max > s.Replicas.Min }

// leaveReplicas leaves the number of pods to the autoscaler for good. It is not
// enough to declare none. The provider then owns the API server's default of 1, or a
// number that was set with kubectl. The next update would give that up, which brings
// the number back to 1. With this option
// the provider sends the number that is there, which the autoscaler may change again
// (handleSSAIgnoreFields in
// https://github.com/pulumi/pulumi-kubernetes/blob/v4.33.0/provider/pkg/await/await.go).
func leaveReplicas() pulumi.ResourceOption { return pulumi.IgnoreChanges([]string{"spec.replicas"}) }

// declareDisruption lets a drain take one pod at a time, and one that is broken
// anyway at once.
func (b *builder) declareDisruption(*Workload) error {
	_, err := policyv1.NewPodDisruptionBudget(b.ctx, APIName, &policyv1.PodDisruptionBudgetArgs{
		Metadata: b.metadata(pulumi.String(APIName), nil, APIName),
		Spec: policyv1.PodDisruptionBudgetSpecArgs{
			MaxUnavailable:             pulumi.Any(1),
			UnhealthyPodEvictionPolicy: pulumi.String("AlwaysAllow"),
			Selector:                   selector(APIName),
		},
	}, b.options()...)
	return err
}

// declareScaling adds pods at 70 % of the requested CPU, and takes them away
// slowly.
func (b *builder) declareScaling(*Workload) error {
	s := b.args.Settings
	if !s.autoscaled() {
		return nil
	}
	_, err := autoscalingv2.NewHorizontalPodAutoscaler(b.ctx, APIName, &autoscalingv2.HorizontalPodAutoscalerArgs{
		Metadata: b.metadata(pulumi.String(APIName), nil, APIName),
		Spec: autoscalingv2.HorizontalPodAutoscalerSpecArgs{
			MinReplicas: pulumi.Int(s.Replicas.Min),
			MaxReplicas: pulumi.Int(s.Replicas.Max),
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReferenceArgs{
				ApiVersion: pulumi.String("apps/v1"), Kind: pulumi.String("Deployment"), Name: pulumi.String(APIName),
			},
			Metrics: autoscalingv2.MetricSpecArray{autoscalingv2.MetricSpecArgs{
				Type: pulumi.String("Resource"),
				Resource: autoscalingv2.ResourceMetricSourceArgs{
					Name:   pulumi.String("cpu"),
					Target: autoscalingv2.MetricTargetArgs{Type: pulumi.String("Utilization"), AverageUtilization: pulumi.Int(70)},
				},
			}},
			Behavior: autoscalingv2.HorizontalPodAutoscalerBehaviorArgs{
				ScaleDown: autoscalingv2.HPAScalingRulesArgs{StabilizationWindowSeconds: pulumi.Int(300)},
			},
		},
	}, b.options()...)
	return err
}
