-- Service credentials of a tenant, for programs without a person. No secret is kept, only its
-- digest. It is added, so that the program of before runs on beside the new one.

-- +goose Up
CREATE TABLE IF NOT EXISTS licensing.credential (
    tenant_id    text NOT NULL REFERENCES licensing.tenant (id),
    id           text NOT NULL,
    name         text NOT NULL,
    digest       bytea NOT NULL CHECK (octet_length(digest) = 32),
    licenses     text[] NOT NULL CHECK (cardinality(licenses) > 0),
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz,
    revoked_at   timestamptz,
    last_used_at timestamptz,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX IF NOT EXISTS credential_name ON licensing.credential (tenant_id, name) WHERE revoked_at IS NULL;
ALTER TABLE licensing.credential ENABLE ROW LEVEL SECURITY;
ALTER TABLE licensing.credential FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS own_tenant ON licensing.credential;
CREATE POLICY own_tenant ON licensing.credential USING (tenant_id = current_setting('licensing.tenant', true));
-- What is revoked stays so, and only what is over may be forgotten.
DROP POLICY IF EXISTS stays_revoked ON licensing.credential;
CREATE POLICY stays_revoked ON licensing.credential AS RESTRICTIVE FOR UPDATE USING (revoked_at IS NULL) WITH CHECK (true);
DROP POLICY IF EXISTS only_ended ON licensing.credential;
CREATE POLICY only_ended ON licensing.credential AS RESTRICTIVE FOR DELETE USING (revoked_at IS NOT NULL OR expires_at <= now());

-- +goose Down
DROP TABLE licensing.credential;
