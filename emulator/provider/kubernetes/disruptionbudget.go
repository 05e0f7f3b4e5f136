package kubernetes

import (
	policyv1 "k8s.io/api/policy/v1"

	"github.com/coditect-ai/license-platform/emulator/provider"
)

func checkDisruptionBudget(object any) []provider.Failure {
	budget, ok := object.(*policyv1.PodDisruptionBudget)
	if ok && budget.Spec.MinAvailable != nil && budget.Spec.MaxUnavailable != nil {
		return []provider.Failure{provider.Refuse("spec", "spec: Invalid value: minAvailable and maxUnavailable cannot be both set")}
	}
	return nil
}
