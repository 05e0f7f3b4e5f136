package kubelet

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// nodeName is the name of the only node.
const nodeName = "local"

// variables are environment variables by name; a later one replaces an earlier.
type variables map[string]string

// environment computes the container's variables in addition to those of its image and
// its runtime, in order.
func (p *pod) environment(container corev1.Container) (variables, error) {
	all := variables{}
	for _, variable := range container.Env {
		value := expand(variable.Value, all)
		if variable.ValueFrom != nil {
			var err error
			if value, err = p.valueFrom(variable.ValueFrom); err != nil {
				return nil, fmt.Errorf("env %s: %w", variable.Name, err)
			}
		}
		all[variable.Name] = value
	}
	return all, nil
}

// list renders the variables in the form of a process environment.
func (v variables) list() []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(v)) {
		list = append(list, name+"="+v[name])
	}
	return list
}

// valueFrom reads one value of the pod itself.
func (p *pod) valueFrom(source *corev1.EnvVarSource) (string, error) {
	if source.FieldRef == nil {
		return "", errors.New("only value and valueFrom.fieldRef work on this machine")
	}
	return p.field(source.FieldRef.FieldPath)
}

func optional(flag *bool) bool { return flag != nil && *flag }

var subscripted = regexp.MustCompile(`^metadata\.(labels|annotations)\['([^']+)'\]$`)

// field is the downward API
// (https://kubernetes.io/docs/concepts/workloads/pods/downward-api/).
func (p *pod) field(path string) (string, error) {
	if parts := subscripted.FindStringSubmatch(path); parts != nil {
		return map[string]map[string]string{"labels": p.template.Labels, "annotations": p.template.Annotations}[parts[1]][parts[2]], nil
	}
	fields := map[string]string{
		"metadata.name": p.key.name, "metadata.namespace": p.key.namespace, "metadata.uid": p.uid,
		"spec.nodeName": nodeName, "spec.serviceAccountName": p.template.Spec.ServiceAccountName,
		"status.podIP": p.address.String(), "status.podIPs": p.address.String(), "status.hostIP": "127.0.0.1",
	}
	value, ok := fields[path]
	if !ok {
		return "", fmt.Errorf("the field %s is unknown; known are metadata.labels['…'], metadata.annotations['…'], %s", path, strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
	}
	return value, nil
}

// expand replaces $(NAME) by the variable's value. An unknown name stays unchanged, and $$ means one
// dollar sign, so $$(NAME) is never replaced
// (https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/).
func expand(text string, known variables) string {
	var result strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '$' || i+1 == len(text) {
			result.WriteByte(text[i])
			continue
		}
		if text[i+1] == '$' {
			result.WriteByte('$')
			i++
			continue
		}
		end := strings.IndexByte(text[i:], ')')
		if text[i+1] != '(' || end < 0 {
			result.WriteByte('$')
			continue
		}
		reference := text[i : i+end+1]
		if value, ok := known[reference[2:end]]; ok {
			reference = value
		}
		result.WriteString(reference)
		i += end
	}
	return result.String()
}
