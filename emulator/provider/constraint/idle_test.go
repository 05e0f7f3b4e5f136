package constraint_test

import (
	"context"
	"net/netip"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
)

// idle stands for every service and makes nothing real.
type idle struct{}

func (idle) Update(loadbalancer.Config) error { return nil }

func (idle) EnsureInstance(context.Context, string, string, netip.AddrPort, map[string]string) error {
	return nil
}

func (idle) ServerCA(string) (string, error)                                      { return "CA PEM", nil }
func (idle) RemoveInstance(context.Context, string) error                         { return nil }
func (idle) EnsureDatabase(context.Context, string, string, string, string) error { return nil }
func (idle) RemoveDatabase(context.Context, string, string) error                 { return nil }
func (idle) EnsureUser(context.Context, string, string, string, string) error     { return nil }
func (idle) RemoveUser(context.Context, string, string) error                     { return nil }
func (idle) RemoveCache(context.Context, string) error                            { return nil }
func (idle) CreateRepository(string) error                                        { return nil }
func (idle) DeleteRepository(string) error                                        { return nil }
func (idle) PutTenant(string, string, string, bool) error                         { return nil }
func (idle) DeleteTenant(string, string) error                                    { return nil }
func (idle) ApplyDeployment(context.Context, *appsv1.Deployment) error            { return nil }
func (idle) WaitDeployment(context.Context, string, string) error                 { return nil }
func (idle) DeleteDeployment(context.Context, string, string) error               { return nil }
func (idle) RunJob(context.Context, *batchv1.Job) error                           { return nil }
func (idle) DeleteJob(context.Context, string, string) error                      { return nil }
func (idle) EnsureCache(context.Context, string, netip.AddrPort, string, map[string]string, int) error {
	return nil
}

type idleKeys struct{}

func (idleKeys) EnsureRing(string) error                               { return nil }
func (idleKeys) EnsureKey(context.Context, gcp.Key) error              { return nil }
func (idleKeys) EnsureVersion(context.Context, string, int) error      { return nil }
func (idleKeys) LastVersion(string) int                                { return 0 }
func (idleKeys) SetVersionState(context.Context, string, string) error { return nil }
func (idleKeys) PublicKey(context.Context, string) (string, error)     { return "", nil }

type idleSecrets struct{}

func (idleSecrets) EnsureSecret(string) error               { return nil }
func (idleSecrets) RemoveSecret(string) error               { return nil }
func (idleSecrets) EnsureVersion(string, int, []byte) error { return nil }
func (idleSecrets) LastVersion(string) int                  { return 0 }
func (idleSecrets) SetVersionState(string, string) error    { return nil }
