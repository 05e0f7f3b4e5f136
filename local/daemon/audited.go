package daemon

import (
	"context"
	"slices"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
	"github.com/coditect-ai/license-platform/emulator/store"
	"github.com/coditect-ai/license-platform/local/google/audit"
	"github.com/coditect-ai/license-platform/local/google/caller"
	"github.com/coditect-ai/license-platform/local/scenario/drift"
)

const (
	// person is the account that makes manual changes in drills.
	person = "somebody@example.com"
)

// audited writes every call of a service, with its caller, into the audit trail, as long
// as the project enables the service's data access logs. It has to come after who
// authenticates callers: calls of nobody are not logged.
// https://cloud.google.com/logging/docs/audit/configure-data-access
func (d *Daemon) audited(service string) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		answer, err := handler(ctx, request)
		if !d.logsData(service) {
			return answer, err
		}
		call := audit.Call{
			Log: audit.DataAccess, Service: service, Method: loggedMethod(service, info.FullMethod),
			Resource: resourceOf(request), Principal: caller.From(ctx).Principal(), Code: status.Code(err),
		}
		if written := d.audit.Write(call); written != nil {
			d.log.Error("a call is missing in the audit trail", "method", call.Method, "error", written)
		}
		return answer, err
	}
}

// loggedMethod is the name of a gRPC method, /PACKAGE.SERVICE/METHOD, in the audit log:
// Secret Manager writes it in full, Cloud KMS the method alone.
// https://cloud.google.com/secret-manager/docs/audit-logging,
// https://cloud.google.com/kms/docs/audit-logging
func loggedMethod(service, method string) string {
	if service == secretsAPI {
		return strings.ReplaceAll(strings.TrimPrefix(method, "/"), "/", ".")
	}
	return method[strings.LastIndex(method, "/")+1:]
}

// resourceOf is what a request names.
func resourceOf(request any) string {
	switch r := request.(type) {
	case interface{ GetName() string }:
		return r.GetName()
	case interface{ GetParent() string }:
		return r.GetParent()
	default:
		return ""
	}
}

// logsData says whether data access logs of a service are on.
func (d *Daemon) logsData(service string) bool {
	return slices.ContainsFunc(d.store.List(gcp.TypeAuditConfig), func(r store.Resource) bool {
		named := provider.Properties(r.Inputs).Text("service")
		return named == service || named == "allServices"
	})
}

// auditDrift writes the manual changes of a person.
// https://cloud.google.com/compute/docs/logging/audit-logging,
// https://cloud.google.com/kubernetes-engine/docs/how-to/audit-logging
func (d *Daemon) auditDrift(changes []drift.Change) {
	methods := map[string]audit.Call{
		gcp.TypeSecurityPolicyRule: {Service: "compute.googleapis.com", Method: "v1.compute.securityPolicies.patchRule"},
		gcp.TypeDatabaseInstance:   {Service: "cloudsql.googleapis.com", Method: "cloudsql.instances.update"},
		kubernetes.TypeIngress:     {Service: "k8s.io", Method: "io.k8s.networking.v1.ingresses.patch"},
	}
	for _, change := range changes {
		call, known := methods[change.Type]
		if !known {
			continue
		}
		call.Log, call.Resource, call.Principal = audit.Activity, change.ID, person
		if err := d.audit.Write(call); err != nil {
			d.log.Error("a change is missing in the audit trail", "method", call.Method, "error", err)
		}
	}
}
