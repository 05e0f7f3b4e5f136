package kms

import (
	"maps"
	"regexp"
	"slices"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"github.com/coditect-ai/license-platform/local/host/file"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// The forms of the API's resource names.
var (
	ringName = regexp.MustCompile(`^projects/[^/]+/locations/[a-z0-9-]+/keyRings/[a-zA-Z0-9_-]{1,63}$`)
	keyName  = regexp.MustCompile(`^(projects/[^/]+/locations/[a-z0-9-]+/keyRings/[a-zA-Z0-9_-]{1,63})/cryptoKeys/[a-zA-Z0-9_-]{1,63}$`)
)

// state is all that exists, as it is written to disk.
type state struct {
	Rings map[string]bool        `json:"rings"`
	Keys  map[string]keyAndPairs `json:"keys"`
}

// keyAndPairs is a key with its versions, number N at index N-1.
type keyAndPairs struct {
	Key      Key              `json:"key"`
	Versions []versionAndPair `json:"versions"`
}

type versionAndPair struct {
	State     kmspb.CryptoKeyVersion_CryptoKeyVersionState     `json:"state"`
	Algorithm kmspb.CryptoKeyVersion_CryptoKeyVersionAlgorithm `json:"algorithm"`
	Created   time.Time                                        `json:"created"`
	// DestroyAt is when a scheduled destruction happens.
	DestroyAt time.Time `json:"destroyAt,omitzero"`
	// Private is the PKCS#8 key of an asymmetric version, nothing once destroyed.
	Private []byte `json:"private,omitempty"`
}

func load(path string) (state, error) {
	empty := state{Rings: map[string]bool{}, Keys: map[string]keyAndPairs{}}
	if err := file.LoadJSON(path, contents, &empty); err != nil {
		return state{}, err
	}
	// A process that ended in the middle of a generation never answered for it.
	for name, k := range empty.Keys {
		for n := len(k.Versions); n > 0 && k.Versions[n-1].State == kmspb.CryptoKeyVersion_PENDING_GENERATION; n-- {
			k.Versions = k.Versions[:n-1]
		}
		empty.Keys[name] = k
	}
	return empty, nil
}

// contents is what the file holds, in words.
const contents = "local KMS keys"

// save replaces the file in one step.
func (st state) save(path string) error { return file.ReplaceJSON(path, contents, st) }

func (st state) clone() state {
	next := state{Rings: maps.Clone(st.Rings), Keys: maps.Clone(st.Keys)}
	for name, k := range next.Keys {
		k.Versions = slices.Clone(k.Versions)
		next.Keys[name] = k
	}
	return next
}

// destroyDue forgets the key pairs whose scheduled destruction is due.
func (st state) destroyDue(now time.Time) {
	for _, k := range st.Keys {
		for i, v := range k.Versions {
			if v.State == kmspb.CryptoKeyVersion_DESTROY_SCHEDULED && !now.Before(v.DestroyAt) {
				k.Versions[i].State, k.Versions[i].Private = kmspb.CryptoKeyVersion_DESTROYED, nil
			}
		}
	}
}

// forget removes a version whose key pair was never made: the last of its key.
func (st state) forget(name string) error {
	k, index, err := st.version(name)
	if err != nil {
		return err
	}
	if index == len(k.Versions)-1 && k.Versions[index].State == kmspb.CryptoKeyVersion_PENDING_GENERATION {
		k.Versions = k.Versions[:index]
		st.Keys[k.Key.Name] = k
	}
	return nil
}

func (st state) key(name string) (keyAndPairs, error) {
	k, ok := st.Keys[name]
	if !ok {
		return keyAndPairs{}, status.Errorf(codes.NotFound, "CryptoKey %s not found.", name)
	}
	return k, nil
}

// version finds KEY/cryptoKeyVersions/N; index is N-1.
func (st state) version(name string) (k keyAndPairs, index int, err error) {
	key, number, ok := splitVersion(name)
	if !ok {
		return keyAndPairs{}, 0, notAVersion(name)
	}
	k, err = st.key(key)
	if err != nil {
		return keyAndPairs{}, 0, err
	}
	if number > len(k.Versions) {
		return keyAndPairs{}, 0, status.Errorf(codes.NotFound, "CryptoKeyVersion %s not found.", name)
	}
	return k, number - 1, nil
}
