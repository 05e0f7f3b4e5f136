package memory

import (
	"context"
	"net/netip"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
)

// idle replaces every service and starts nothing. authority is the PEM of what signs the
// certificates of Cloud SQL.
type idle struct{ authority string }

func (idle) EnsureInstance(context.Context, string, string, netip.AddrPort, map[string]string) error {
	return nil
}

func (i idle) ServerCA(string) (string, error)                                    { return i.authority, nil }
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

// keys and secrets have methods of the same name, so each has a type. Which versions
// there are the store knows.
type keys struct{}

func (keys) EnsureRing(string) error                               { return nil }
func (keys) EnsureKey(context.Context, gcp.Key) error              { return nil }
func (keys) EnsureVersion(context.Context, string, int) error      { return nil }
func (keys) LastVersion(string) int                                { return 0 }
func (keys) SetVersionState(context.Context, string, string) error { return nil }
func (keys) PublicKey(context.Context, string) (string, error)     { return "", nil }

type secrets struct{}

func (secrets) EnsureSecret(string) error               { return nil }
func (secrets) RemoveSecret(string) error               { return nil }
func (secrets) EnsureVersion(string, int, []byte) error { return nil }
func (secrets) LastVersion(string) int                  { return 0 }
func (secrets) SetVersionState(string, string) error    { return nil }
