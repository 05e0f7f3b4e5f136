-- What is kept about a user is read in the order of ids, page by page. An index without the id
-- had all of a user read and sorted for each page; these serve the same questions as those of before.

-- +goose NO TRANSACTION
-- +goose Up
DROP INDEX CONCURRENTLY IF EXISTS licensing.audit_holder;
CREATE INDEX CONCURRENTLY audit_holder ON licensing.audit (user_id, tenant_id, id);
DROP INDEX CONCURRENTLY IF EXISTS licensing.audit_user;
DROP INDEX CONCURRENTLY IF EXISTS licensing.lease_user_id;
CREATE INDEX CONCURRENTLY lease_user_id ON licensing.lease (user_id, tenant_id, id);
DROP INDEX CONCURRENTLY IF EXISTS licensing.lease_holder;

-- +goose Down
CREATE INDEX CONCURRENTLY lease_holder ON licensing.lease (user_id, tenant_id);
DROP INDEX CONCURRENTLY licensing.lease_user_id;
CREATE INDEX CONCURRENTLY audit_user ON licensing.audit (tenant_id, user_id);
DROP INDEX CONCURRENTLY licensing.audit_holder;
