-- What the service did itself names nobody, and stays in the audit trail for good. Looking
-- for personal data to forget passes it by.

-- +goose NO TRANSACTION
-- +goose Up
DROP INDEX CONCURRENTLY IF EXISTS licensing.audit_named;
CREATE INDEX CONCURRENTLY audit_named ON licensing.audit (tenant_id, at) WHERE erased_at IS NULL AND user_id <> '';

-- +goose Down
DROP INDEX CONCURRENTLY licensing.audit_named;
