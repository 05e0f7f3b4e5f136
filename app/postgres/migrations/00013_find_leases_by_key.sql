-- A plan that is made while a table is small is kept while it grows. Of two indexes that begin
-- with the tenant it took the one of users to find a lease by its id, and read all leases of
-- the tenant. This one serves the same questions, and no other. What audit_age finds,
-- audit_named does, and nobody asks what lease_ended finds.

-- +goose NO TRANSACTION
-- +goose Up
DROP INDEX CONCURRENTLY IF EXISTS licensing.lease_holder;
CREATE INDEX CONCURRENTLY lease_holder ON licensing.lease (user_id, tenant_id);
DROP INDEX CONCURRENTLY IF EXISTS licensing.lease_user;
DROP INDEX CONCURRENTLY IF EXISTS licensing.lease_ended;
DROP INDEX CONCURRENTLY IF EXISTS licensing.audit_age;

-- +goose Down
CREATE INDEX CONCURRENTLY audit_age ON licensing.audit (tenant_id, at) WHERE erased_at IS NULL;
CREATE INDEX CONCURRENTLY lease_ended ON licensing.lease (tenant_id, license_id, ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX CONCURRENTLY lease_user ON licensing.lease (tenant_id, user_id);
DROP INDEX CONCURRENTLY licensing.lease_holder;
