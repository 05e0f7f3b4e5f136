-- A licence may demand that every lease names its device. It is added, so that the program of
-- before runs on beside the new one.

-- +goose Up
ALTER TABLE licensing.license ADD COLUMN IF NOT EXISTS require_fingerprint boolean NOT NULL DEFAULT false;

-- +goose Down
ALTER TABLE licensing.license DROP COLUMN require_fingerprint;
