-- How many seats a user holds, and how many reserved ones a group, is counted with each new
-- lease of a licence that has such limits.

-- +goose NO TRANSACTION
-- +goose Up
DROP INDEX CONCURRENTLY IF EXISTS licensing.lease_open_user;
CREATE INDEX CONCURRENTLY lease_open_user ON licensing.lease (tenant_id, license_id, user_id) WHERE ended_at IS NULL;
DROP INDEX CONCURRENTLY IF EXISTS licensing.lease_open_reservation;
CREATE INDEX CONCURRENTLY lease_open_reservation ON licensing.lease (tenant_id, license_id, reservation) WHERE ended_at IS NULL AND reservation <> '';
-- This lets leases be granted and ended meanwhile.
ALTER TABLE licensing.lease VALIDATE CONSTRAINT lease_end_reason_check;

-- +goose Down
DROP INDEX CONCURRENTLY licensing.lease_open_reservation;
DROP INDEX CONCURRENTLY licensing.lease_open_user;
