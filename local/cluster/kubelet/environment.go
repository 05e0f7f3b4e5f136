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

// environment computes what the container sees besides what its image and its
// runtime set: envFrom first, then env in its order.
func (p *pod) environment(container corev1.Container) (variables, error) {
	all := variables{}
	for _, source := range container.EnvFrom {
		entries, err := p.entriesOf(source)
		if err != nil {
			return nil, err
		}
		for name, value := range entries {
			all[source.Prefix+name] = value
		}
	}
	for _, variable := range container.Env {
		value := expand(variable.Value, all)
		if variable.ValueFrom != nil {
			found, ok, err := p.valueFrom(variable.ValueFrom)
			if err != nil {
				return nil, fmt.Errorf("env %s: %w", variable.Name, err)
			}
			if !ok {
				continue
			}
			value = found
		}
		all[variable.Name] = value
	}
	return all, nil
}

// list renders the variables as a process takes them.
func (v variables) list() []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(v)) {
		list = append(list, name+"="+v[name])
	}
	return list
}

// entriesOf reads a whole ConfigMap or Secret; an optional one may be missing.
func (p *pod) entriesOf(source corev1.EnvFromSource) (map[string]string, error) {
	switch {
	case source.ConfigMapRef != nil:
		entries, ok := p.configMap(source.ConfigMapRef.Name)
		return entries, missing(ok || optional(source.ConfigMapRef.Optional), "configmap", p.key.namespace, source.ConfigMapRef.Name)
	case source.SecretRef != nil:
		entries, ok := p.secret(source.SecretRef.Name)
		return entries, missing(ok || optional(source.SecretRef.Optional), "secret", p.key.namespace, source.SecretRef.Name)
	default:
		return nil, nil
	}
}

// valueFrom reads one value; ok is false when it is missing and optional.
func (p *pod) valueFrom(source *corev1.EnvVarSource) (value string, ok bool, err error) {
	switch {
	case source.FieldRef != nil:
		value, err = p.field(source.FieldRef.FieldPath)
		return value, err == nil, err
	case source.SecretKeyRef != nil:
		ref := source.SecretKeyRef
		entries, _ := p.secret(ref.Name)
		value, ok = entries[ref.Key]
		return value, ok, missing(ok || optional(ref.Optional), "key "+ref.Key+" of secret", p.key.namespace, ref.Name)
	case source.ConfigMapKeyRef != nil:
		ref := source.ConfigMapKeyRef
		entries, _ := p.configMap(ref.Name)
		value, ok = entries[ref.Key]
		return value, ok, missing(ok || optional(ref.Optional), "key "+ref.Key+" of configmap", p.key.namespace, ref.Name)
	default:
		return "", false, errors.New("only value, fieldRef, secretKeyRef and configMapKeyRef work on this machine")
	}
}

func (p *pod) secret(name string) (map[string]string, bool) {
	if p.kubelet.config.Secret == nil {
		return nil, false
	}
	entries, ok := p.kubelet.config.Secret(p.key.namespace, name)
	text := map[string]string{}
	for key, value := range entries {
		text[key] = string(value)
	}
	return text, ok
}

func (p *pod) configMap(name string) (map[string]string, bool) {
	if p.kubelet.config.ConfigMap == nil {
		return nil, false
	}
	return p.kubelet.config.ConfigMap(p.key.namespace, name)
}

func missing(found bool, kind, namespace, name string) error {
	if found {
		return nil
	}
	return fmt.Errorf("%s %q not found in namespace %s", kind, name, namespace)
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

// expand replaces $(NAME) by the variable's value. An unknown name stays as it
// is, and $$ stands for one dollar sign, so $$(NAME) is never replaced
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
