package attack

import (
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/coditect-ai/license-platform/app"
)

// bearer makes a token of the local issuer; the default tenant is the demo tenant ("-"
// means no tenant).
func bearer(who Identity) func(context.Context, *Target) (string, error) {
	return func(ctx context.Context, t *Target) (string, error) {
		switch who.Tenant {
		case "":
			who.Tenant = t.Tenant
		case "-":
			who.Tenant = ""
		case rival:
			who.Tenant = t.Rival
		}
		who.User = valueOr(who.User, "attacker")
		return t.token(ctx, who)
	}
}

// rival is the other tenant.
const rival = "the rival"

// parts are the header, decoded, the payload and the signature of a good token.
func parts(ctx context.Context, t *Target) (header map[string]any, payload, signature string, err error) {
	good, err := bearer(Identity{})(ctx, t)
	if err != nil {
		return nil, "", "", err
	}
	three := strings.Split(good, ".")
	if len(three) != 3 {
		return nil, "", "", errors.New("the issuer's token does not have three parts")
	}
	header, err = object(three[0])
	return header, three[1], three[2], err
}

// object decodes a part of a token.
func object(part string) (map[string]any, error) {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	decoded := map[string]any{}
	if err == nil {
		err = json.Unmarshal(raw, &decoded)
	}
	if err != nil {
		return nil, fmt.Errorf("read the issuer's token: %w", err)
	}
	return decoded, nil
}

// signed joins a header and a payload, and what sign makes of them.
func signed(header map[string]any, payload string, sign func(text string) ([]byte, error)) (string, error) {
	raw, err := json.Marshal(header)
	if err != nil {
		return "", fmt.Errorf("encode a header: %w", err)
	}
	text := base64.RawURLEncoding.EncodeToString(raw) + "." + payload
	signature, err := sign(text)
	if err != nil {
		return "", fmt.Errorf("forge a signature: %w", err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// unsigned claims that no signature is needed.
func unsigned(ctx context.Context, t *Target) (string, error) {
	header, payload, _, err := parts(ctx, t)
	if err != nil {
		return "", err
	}
	header["alg"] = "none"
	return signed(header, payload, func(string) ([]byte, error) { return nil, nil })
}

// tampered changes the payload under a good signature.
func tampered(ctx context.Context, t *Target) (string, error) {
	header, payload, signature, err := parts(ctx, t)
	if err != nil {
		return "", err
	}
	claims, err := object(payload)
	if err != nil {
		return "", err
	}
	claims["role"] = "admin"
	changed, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encode a token: %w", err)
	}
	return signed(header, base64.RawURLEncoding.EncodeToString(changed), func(string) ([]byte, error) {
		return base64.RawURLEncoding.DecodeString(signature)
	})
}

// inventedCredential has the form of a service credential of the tenant.
func inventedCredential(_ context.Context, t *Target) (string, error) {
	text := strings.ToLower(rand.Text() + rand.Text() + rand.Text())
	return app.CredentialPrefix + t.Tenant + "_" + text[:26] + "_" + text[26:], nil
}

// foreignKey signs with a key of the attacker's own, under the real key's id.
func foreignKey(ctx context.Context, t *Target) (string, error) {
	header, payload, _, err := parts(ctx, t)
	if err != nil {
		return "", err
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", fmt.Errorf("make a key: %w", err)
	}
	return signed(header, payload, func(text string) ([]byte, error) {
		sum := sha256.Sum256([]byte(text))
		return rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	})
}

// publicSecret takes the public key for a shared secret: HS256 with its PEM.
func publicSecret(ctx context.Context, t *Target) (string, error) {
	header, payload, _, err := parts(ctx, t)
	if err != nil {
		return "", err
	}
	secret, err := t.publicKey(ctx)
	if err != nil {
		return "", err
	}
	header["alg"] = "HS256"
	return signed(header, payload, func(text string) ([]byte, error) {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(text))
		return mac.Sum(nil), nil
	})
}

// publicKey is the issuer's, as PEM.
func (t *Target) publicKey(ctx context.Context) ([]byte, error) {
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: t.Roots, MinVersion: tls.VersionTLS12}}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, t.KeysURL, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("ask for the issuer's keys: %w", err)
	}
	response, err := (&http.Client{Transport: transport, Timeout: answerTimeout}).Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask for the issuer's keys: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // only read
	var keys jose.JSONWebKeySet
	if err := json.NewDecoder(response.Body).Decode(&keys); err != nil || len(keys.Keys) == 0 {
		return nil, fmt.Errorf("read the issuer's keys: status %d: %w", response.StatusCode, err)
	}
	der, err := x509.MarshalPKIXPublicKey(keys.Keys[0].Key)
	if err != nil {
		return nil, fmt.Errorf("encode the issuer's key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}
