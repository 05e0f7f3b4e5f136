package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/coditect-ai/license-platform/app"
)

const credentialColumns = `tenant_id, id, name, digest, licenses, created_at, expires_at, revoked_at, last_used_at,
	coalesce(holder, id)`

func scanCredential(row pgx.CollectableRow) (app.Credential, error) {
	var c app.Credential
	var digest []byte
	var expires, revoked, used *time.Time
	if err := row.Scan(&c.Tenant, &c.ID, &c.Name, &digest, &c.Licenses, &c.CreatedAt, &expires, &revoked, &used, &c.Holder); err != nil {
		return c, err
	}
	if len(digest) != len(c.Digest) {
		return c, fmt.Errorf("the credential %s has a digest of %d bytes", c.ID, len(digest))
	}
	copy(c.Digest[:], digest)
	for to, from := range map[*time.Time]*time.Time{&c.ExpiresAt: expires, &c.RevokedAt: revoked, &c.LastUsedAt: used} {
		if from != nil {
			*to = *from
		}
	}
	return c, nil
}

// oneCredential reads the row of a credential, or says that there is none.
func oneCredential(into *app.Credential) func(pgx.Rows) error {
	return func(rows pgx.Rows) (err error) {
		*into, err = pgx.CollectExactlyOneRow(rows, scanCredential)
		if errors.Is(err, pgx.ErrNoRows) {
			return app.CredentialNotFound()
		}
		return err
	}
}

// CreateCredential implements app.Credentials. Those who create one for the same tenant
// wait for each other, so that they count right.
func (l *Ledger) CreateCredential(ctx context.Context, credential app.Credential, event app.Event) (app.Credential, error) {
	var created app.Credential
	err := l.transaction(ctx, "create_credential", credential.Tenant, func(ctx context.Context, tx pgx.Tx) error {
		if err := active(tx.QueryRow(ctx, selectTenant, credential.Tenant)); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('credentials of ' || $1, 0))`, credential.Tenant); err != nil {
			return err
		}
		if err := roomForCredential(ctx, tx, credential); err != nil {
			return err
		}
		holder, err := holderOf(ctx, tx, credential)
		if err != nil {
			return err
		}
		var expires *time.Time
		if !credential.ExpiresAt.IsZero() {
			expires = &credential.ExpiresAt
		}
		rows, err := tx.Query(ctx, `INSERT INTO licensing.credential (tenant_id, id, name, digest, licenses, expires_at, holder)
			VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING `+credentialColumns,
			credential.Tenant, credential.ID, credential.Name, credential.Digest[:], credential.Licenses, expires, holder)
		if err != nil {
			return err
		}
		if created, err = pgx.CollectExactlyOneRow(rows, scanCredential); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, insertEvent, eventValues(credential.Tenant, event)...)
		return err
	})
	if inUse(err) {
		return app.Credential{}, app.NewError(app.CodeCredentialExists, "the tenant has a credential with this name already; revoke it, or choose another name")
	}
	return created, err
}

// holderOf returns the id of the credential whose leases the new one keeps; nil when it replaces none.
func holderOf(ctx context.Context, tx pgx.Tx, credential app.Credential) (*string, error) {
	if credential.Replaces == "" {
		return nil, nil
	}
	var holder string
	err := tx.QueryRow(ctx, `SELECT coalesce(holder, id) FROM licensing.credential WHERE tenant_id = $1 AND id = $2`, credential.Tenant, credential.Replaces).Scan(&holder)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, app.CredentialNotFound()
	}
	return &holder, err
}

// endedBeyond are the ids of those that are over beyond a number, which follows: the oldest. They are
// forgotten when the next one is made.
const endedBeyond = `SELECT id FROM licensing.credential WHERE tenant_id = $1 AND (revoked_at IS NOT NULL OR expires_at <= now())
	ORDER BY least(revoked_at, expires_at) DESC, id OFFSET `

// roomForCredential refuses one more than a tenant may have, and one for a licence that there
// is not, and forgets the oldest of those that are over.
func roomForCredential(ctx context.Context, tx pgx.Tx, credential app.Credential) error {
	var usable, licenses int
	err := tx.QueryRow(ctx, `SELECT
		(SELECT count(*) FROM licensing.credential WHERE tenant_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())),
		(SELECT count(*) FROM licensing.license WHERE tenant_id = $1 AND id = ANY($2))`, credential.Tenant, credential.Licenses).Scan(&usable, &licenses)
	switch {
	case err != nil:
		return err
	case usable >= app.MaxCredentials:
		return app.NewError(app.CodeCredentialLimit, fmt.Sprintf("the tenant has %d credentials; revoke one first", usable))
	case licenses != len(credential.Licenses):
		return app.NewError(app.CodeLicenseNotFound, "the tenant does not have every licence that the credential names")
	}
	_, err = tx.Exec(ctx, `DELETE FROM licensing.credential WHERE tenant_id = $1 AND id IN (`+endedBeyond+`$2)`, credential.Tenant, app.MaxEndedCredentials)
	return err
}

// Credential implements app.Credentials.
func (l *Ledger) Credential(ctx context.Context, tenant, id string) (app.Credential, error) {
	var found app.Credential
	err := l.read(ctx, "credential", tenant, func(b *pgx.Batch) {
		b.Queue(`SELECT `+credentialColumns+` FROM licensing.credential WHERE tenant_id = $1 AND id = $2`, tenant, id).Query(oneCredential(&found))
	})
	return found, err
}

// ListCredentials implements app.Credentials.
func (l *Ledger) ListCredentials(ctx context.Context, tenant, after string, limit int) ([]app.Credential, error) {
	var found []app.Credential
	err := l.read(ctx, "credentials", tenant, func(b *pgx.Batch) {
		activeCheck(b, tenant)
		b.Queue(`SELECT `+credentialColumns+` FROM licensing.credential WHERE tenant_id = $1 AND id > $2 AND id NOT IN (`+endedBeyond+`$4) ORDER BY id LIMIT $3`, tenant, after, limit, app.MaxEndedCredentials).
			Query(func(rows pgx.Rows) (err error) {
				found, err = pgx.CollectRows(rows, scanCredential)
				return err
			})
	})
	return found, err
}

// RevokeCredential implements app.Credentials.
func (l *Ledger) RevokeCredential(ctx context.Context, tenant, id string, event app.Event) (app.Credential, error) {
	var revoked app.Credential
	err := l.statements(ctx, "revoke_credential", tenant, func(b *pgx.Batch) {
		knownCheck(b, tenant)
		b.Queue(`WITH ended AS (UPDATE licensing.credential SET revoked_at = now() WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL RETURNING id)
			INSERT INTO licensing.audit (tenant_id, user_id, address, request_id, action, detail) SELECT $1, $3, $4, $5, $6, $7 FROM ended`,
			tenant, id, event.User, event.Address, event.RequestID, event.Action, event.Detail)
		b.Queue(`SELECT `+credentialColumns+` FROM licensing.credential WHERE tenant_id = $1 AND id = $2`, tenant, id).Query(oneCredential(&revoked))
	})
	return revoked, err
}

// CredentialUsed implements app.Credentials. Of several instances that ask at once, one writes.
func (l *Ledger) CredentialUsed(ctx context.Context, tenant, id string, every time.Duration) error {
	return l.statements(ctx, "credential_used", tenant, func(b *pgx.Batch) {
		b.Queue(`UPDATE licensing.credential SET last_used_at = now() WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL
			AND (last_used_at IS NULL OR last_used_at <= now() - make_interval(secs => $3))`, tenant, id, every.Seconds())
	})
}
