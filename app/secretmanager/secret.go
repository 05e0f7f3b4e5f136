// Package secretmanager reads the service's passwords from Google Secret Manager, so that
// no environment variable and no Kubernetes Secret contains them.
package secretmanager

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	secretmanager "cloud.google.com/go/secretmanager/apiv1"
	"cloud.google.com/go/secretmanager/apiv1/secretmanagerpb"

	"github.com/coditect-ai/license-platform/app/googleapi"
)

// Read returns the secrets with the given version names
// (projects/P/secrets/S/versions/V), in their order; "" for an empty name. The
// payload's CRC32C is checked, as Google's guide asks
// (cloud.google.com/secret-manager/docs/data-integrity).
func Read(ctx context.Context, endpoint, ca string, names ...string) (values []string, err error) {
	values = make([]string, len(names))
	var client *secretmanager.Client
	for i, name := range names {
		if name == "" {
			continue
		}
		if client == nil {
			options, err := googleapi.Options(endpoint, ca)
			if err != nil {
				return nil, err
			}
			if client, err = secretmanager.NewClient(ctx, options...); err != nil {
				return nil, fmt.Errorf("connect to Secret Manager: %w", err)
			}
			defer client.Close()
		}
		if values[i], err = access(ctx, client, name); err != nil {
			return nil, fmt.Errorf("read the secret %s: %w", name, err)
		}
	}
	return values, nil
}

func access(ctx context.Context, client *secretmanager.Client, name string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	response, err := client.AccessSecretVersion(ctx, &secretmanagerpb.AccessSecretVersionRequest{Name: name})
	if err != nil {
		return "", err
	}
	data := response.GetPayload().GetData()
	sum := int64(crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)))
	if response.GetPayload().DataCrc32C == nil || response.GetPayload().GetDataCrc32C() != sum {
		return "", errors.New("the payload was damaged on its way: its CRC32C does not match")
	}
	return string(data), nil
}
