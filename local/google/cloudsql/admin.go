package cloudsql

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/coditect-ai/license-platform/local/google/iam"
)

const (
	// certificateLifetime is the lifetime of a client's certificate.
	certificateLifetime = time.Hour
	// maxRequest bounds a request's body, in bytes.
	maxRequest = 64 << 10
)

// Cloud is what the Admin API asks the embedded cloud.
type Cloud interface {
	// Caller is whom an access token was given to; false for one that is made up or
	// has expired.
	Caller(accessToken string) (Caller, bool)
	// Instance is a Cloud SQL instance that exists.
	Instance(project, name string) (Instance, bool)
	// Allows tells whether IAM gives the member a permission on the instance.
	Allows(member, permission, project, instance string) bool
	// Certify signs a certificate for a client of the instance and returns its PEM.
	Certify(instance string, key crypto.PublicKey, subject pkix.Name, until time.Time) (string, error)
}

// AdminAPI returns the handler of the Cloud SQL Admin API, v1beta4: connectSettings and
// generateEphemeralCert
// (https://cloud.google.com/sql/docs/postgres/admin-api/rest/v1beta4/connect).
func AdminAPI(cloud Cloud, log *slog.Logger) http.Handler {
	a := &adminAPI{cloud: cloud, log: log, mux: http.NewServeMux()}
	const instances = "/sql/v1beta4/projects/{project}/instances/"
	a.mux.HandleFunc("GET "+instances+"{instance}/connectSettings", func(w http.ResponseWriter, r *http.Request) {
		a.authorized(w, r, r.PathValue("instance"), iam.SQLGet, a.connectSettings)
	})
	a.mux.HandleFunc("POST "+instances+"{call}", func(w http.ResponseWriter, r *http.Request) {
		name, method, _ := strings.Cut(r.PathValue("call"), ":")
		if method != "generateEphemeralCert" {
			refuse(w, refusal{http.StatusNotFound, "NOT_FOUND", "notFound", "Method not found."})
			return
		}
		a.authorized(w, r, name, iam.SQLConnect, a.generateEphemeralCert)
	})
	return a.mux
}

type adminAPI struct {
	cloud Cloud
	log   *slog.Logger
	mux   *http.ServeMux
}

// authorized lets a caller use a method who has a token for the API and the permission.
func (a *adminAPI) authorized(w http.ResponseWriter, r *http.Request, instance, permission string, answer func(http.ResponseWriter, *http.Request, Instance)) {
	project := r.PathValue("project")
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	caller, known := a.cloud.Caller(token)
	switch {
	case !known:
		refuse(w, refusal{http.StatusUnauthorized, "UNAUTHENTICATED", "authError", "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential."})
		return
	case !slices.Contains(caller.Scopes, scopeAdmin) && !slices.Contains(caller.Scopes, scopePlatform):
		refuse(w, refusal{http.StatusForbidden, "PERMISSION_DENIED", "insufficientPermissions", "Request had insufficient authentication scopes."})
		return
	case !a.cloud.Allows(caller.Member, permission, project, instance):
		a.log.Warn("the Cloud SQL Admin API refuses a caller", "member", caller.Member, "permission", permission, "instance", instance)
		refuse(w, refusal{http.StatusForbidden, "PERMISSION_DENIED", "notAuthorized", fmt.Sprintf("boss::NOT_AUTHORIZED: Not authorized to access resource. Possibly missing permission %s on resource instances/%s.", permission, instance)})
		return
	}
	found, exists := a.cloud.Instance(project, instance)
	if !exists {
		refuse(w, refusal{http.StatusNotFound, "NOT_FOUND", "instanceDoesNotExist", "The Cloud SQL instance does not exist."})
		return
	}
	answer(w, r, found)
}

// connectSettings tells where the instance is, and who signs its certificate.
func (a *adminAPI) connectSettings(w http.ResponseWriter, _ *http.Request, i Instance) {
	encode(w, http.StatusOK, map[string]any{
		"kind": "sql#connectSettings", "backendType": "SECOND_GEN", "databaseVersion": i.Version, "region": i.Region,
		"ipAddresses":  []map[string]string{{"type": "PRIVATE", "ipAddress": i.Address.String()}},
		"serverCaCert": map[string]string{"kind": "sql#sslCert", "instance": i.Name, "cert": i.ServerCA}, "serverCaMode": "GOOGLE_MANAGED_INTERNAL_CA",
	})
}

// generateEphemeralCert signs a certificate for the client's key. With the access token of
// who may log in, its holder is asked for no password, for as long as the token is valid.
func (a *adminAPI) generateEphemeralCert(w http.ResponseWriter, r *http.Request, i Instance) {
	var wanted struct {
		Key   string `json:"public_key"`
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest)).Decode(&wanted); err != nil {
		refuse(w, invalid("Invalid JSON payload received."))
		return
	}
	key, err := publicKey(wanted.Key)
	if err != nil {
		refuse(w, invalid("Invalid value at 'public_key': "+err.Error()))
		return
	}
	user, until := "", time.Now().Add(certificateLifetime)
	if wanted.Token != "" {
		caller, known := a.cloud.Caller(wanted.Token)
		if !known || !slices.Contains(caller.Scopes, scopeLogin) && !slices.Contains(caller.Scopes, scopePlatform) {
			refuse(w, invalid("Invalid value at 'access_token': it is not a valid token with the scope "+scopeLogin+"."))
			return
		}
		user = userOf(caller.Member)
		if caller.Expires.Before(until) {
			until = caller.Expires
		}
	}
	made, err := a.cloud.Certify(i.Name, key, subject(user), until)
	if err != nil {
		a.log.Error("a client's certificate cannot be signed", "instance", i.Name, "error", err)
		refuse(w, refusal{http.StatusInternalServerError, "INTERNAL", "internalError", "An internal error occurred."})
		return
	}
	encode(w, http.StatusOK, map[string]any{"ephemeralCert": map[string]string{
		"kind": "sql#sslCert", "instance": i.Name, "cert": made, "expirationTime": until.UTC().Format(time.RFC3339),
	}})
}

func publicKey(text string) (crypto.PublicKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("it is not PEM")
	}
	return x509.ParsePKIXPublicKey(block.Bytes)
}

// refusal is an error in the shape of Google's APIs
// (https://cloud.google.com/apis/design/errors#http_mapping).
type refusal struct {
	code                    int
	status, reason, message string
}

func invalid(message string) refusal {
	return refusal{http.StatusBadRequest, "INVALID_ARGUMENT", "invalid", message}
}

func refuse(w http.ResponseWriter, r refusal) {
	encode(w, r.code, map[string]any{"error": map[string]any{
		"code": r.code, "message": r.message, "status": r.status,
		"errors": []map[string]string{{"domain": "global", "reason": r.reason, "message": r.message}},
	}})
}

func encode(w http.ResponseWriter, code int, answer any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(answer) // who has hung up needs no answer
}
