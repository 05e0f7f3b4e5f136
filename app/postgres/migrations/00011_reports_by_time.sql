-- Reports read a part of the audit trail by time: the leases of a licence, and the refusals of
-- a tenant.

-- +goose NO TRANSACTION
-- +goose Up
DROP INDEX CONCURRENTLY IF EXISTS licensing.audit_leases;
CREATE INDEX CONCURRENTLY audit_leases ON licensing.audit (tenant_id, license_id, at) WHERE action LIKE 'lease.%';
DROP INDEX CONCURRENTLY IF EXISTS licensing.audit_refusals;
CREATE INDEX CONCURRENTLY audit_refusals ON licensing.audit (tenant_id, at, id) WHERE action = 'request.refuse';

-- +goose Down
DROP INDEX CONCURRENTLY licensing.audit_refusals;
DROP INDEX CONCURRENTLY licensing.audit_leases;
