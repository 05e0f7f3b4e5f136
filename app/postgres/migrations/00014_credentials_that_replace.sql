-- A service credential may replace another one, whose leases it then goes on with. It is added, so that
-- the program of before runs on beside the new one.

-- +goose Up
-- holder is the id of the first one of those that replaced each other; NULL for that one itself.
ALTER TABLE licensing.credential ADD COLUMN IF NOT EXISTS holder text;

-- +goose Down
ALTER TABLE licensing.credential DROP COLUMN holder;
