package secretmanager

import (
	"strings"

	"cloud.google.com/go/secretmanager/apiv1/secretmanagerpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/coditect-ai/license-platform/local/google/iam"
)

const service = "secretmanager.googleapis.com"

// Needs knows what requests need in a project.
type Needs struct {
	// Number is the project's number, by which conditions of Secret Manager name it
	// (https://cloud.google.com/iam/docs/conditions-resource-attributes#resource-name).
	Number string
}

// Need is what a request needs
// (https://cloud.google.com/secret-manager/docs/access-control): INVALID_ARGUMENT for one
// without a proper name, UNIMPLEMENTED for one that does not exist here.
func (n Needs) Need(request any) (iam.Need, error) {
	switch r := request.(type) {
	case *secretmanagerpb.AccessSecretVersionRequest:
		return n.OnVersion(iam.SecretAccess, r.GetName())
	case *secretmanagerpb.GetSecretVersionRequest:
		return n.OnVersion(iam.SecretVersionGet, r.GetName())
	default:
		return iam.Need{}, status.Error(codes.Unimplemented, "the local Secret Manager does not have this method")
	}
}

// OnVersion is the need for a permission on a secret's version with a full name: to read it, or
// to read its metadata.
func (n Needs) OnVersion(permission, version string) (iam.Need, error) {
	if !versionName.MatchString(version) {
		return iam.Need{}, notAVersion(version)
	}
	parts := strings.SplitN(version, "/", 3)
	return iam.Need{Permission: permission, On: iam.Resource{
		Type: service + "/SecretVersion", Service: service, Name: version, Conditional: "projects/" + n.Number + "/" + parts[2],
	}}, nil
}

func notAVersion(name string) error {
	return status.Errorf(codes.InvalidArgument, "The provided Secret Version ID [%s] does not match the expected format [projects/*/secrets/*/versions/*]", name)
}
