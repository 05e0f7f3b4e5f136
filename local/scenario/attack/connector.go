package attack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/coditect-ai/license-platform/local/report/layer"
)

// sqlProxyPort is the port of the proxy that every Cloud SQL instance has
// (https://cloud.google.com/sql/docs/postgres/connect-connectors).
const sqlProxyPort = "3307"

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 64 << 10

// proxyWithoutCertificate speaks PostgreSQL's protocol to the proxy of the instance, which
// talks only to who shows a certificate of the Admin API's in a TLS handshake.
func proxyWithoutCertificate(ctx context.Context, t *Target) (Finding, error) {
	host, _, err := net.SplitHostPort(t.SQL)
	if err != nil {
		return Finding{}, fmt.Errorf("find the proxy of Cloud SQL: %w", err)
	}
	connection, err := t.dial(ctx, net.JoinHostPort(host, sqlProxyPort), false)
	if err != nil {
		return Finding{}, fmt.Errorf("connect to the proxy of Cloud SQL: %w", err)
	}
	defer func() { _ = connection.Close() }() // nothing was written that matters
	start := &pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": "license-api", "database": "licenses"}}
	words, err := start.Encode(nil)
	if err == nil {
		err = connection.SetDeadline(time.Now().Add(answerTimeout))
	}
	if err == nil {
		_, err = connection.Write(words)
	}
	if err != nil {
		return Finding{}, fmt.Errorf("talk to the proxy of Cloud SQL: %w", err)
	}
	said, err := io.ReadAll(io.LimitReader(connection, maxAnswer))
	switch {
	case len(said) > 0 && said[0] == 'R': // it asks for a password
		return Finding{Rule: "PostgreSQL answered", Status: "answered"}, nil
	case err == nil, errors.Is(err, syscall.ECONNRESET):
		return Finding{Layer: layer.Data, Rule: "certificate only", Why: "the proxy hung up on who shows no certificate", Status: "closed"}, nil
	default:
		return Finding{}, fmt.Errorf("read the answer of the proxy of Cloud SQL: %w", err)
	}
}

// certificateFor asks the Cloud SQL Admin API for a certificate of the instance's, with an
// access token that was made up.
func certificateFor(project, instance string) Try {
	return func(ctx context.Context, t *Target) (Finding, error) {
		address := "https://" + t.SQLAdmin + "/sql/v1beta4/projects/" + project + "/instances/" + instance + ":generateEphemeralCert"
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader("{}"))
		if err != nil {
			return Finding{}, fmt.Errorf("ask for a certificate: %w", err)
		}
		request.Header.Set("Authorization", "Bearer ya29.guessed")
		response, err := t.direct().Do(request)
		if err != nil {
			return Finding{}, fmt.Errorf("ask for a certificate: %w", err)
		}
		defer func() { _ = response.Body.Close() }() // it has been read
		var answer struct {
			Error struct{ Status, Message string }
		}
		if err := json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(&answer); err != nil {
			return Finding{}, fmt.Errorf("read the answer of the Cloud SQL Admin API: %w", err)
		}
		if response.StatusCode < http.StatusBadRequest {
			return Finding{Rule: "it gave a certificate", Status: response.Status}, nil
		}
		return Finding{Layer: layer.Data, Rule: answer.Error.Status, Why: answer.Error.Message, Status: strconv.Itoa(response.StatusCode)}, nil
	}
}
