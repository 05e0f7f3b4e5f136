-- The ledger does not know heartbeats, only how long a lease lives by one. When that is made shorter, seats were
-- promised by the longer one, so it notes until when. It is added, so that the program of before runs on
-- beside the new one.

-- +goose Up
ALTER TABLE licensing.license ADD COLUMN IF NOT EXISTS promised_until timestamptz;

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION licensing.note_promise() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- Live seats learn of the change within half a minute, and their clock may be another one.
    NEW.promised_until := greatest(OLD.promised_until, now() + make_interval(secs => OLD.lease_seconds + 60));
    RETURN NEW;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION licensing.note_promise() FROM PUBLIC;
CREATE OR REPLACE TRIGGER note_promise BEFORE UPDATE OF lease_seconds ON licensing.license
    FOR EACH ROW WHEN (NEW.lease_seconds < OLD.lease_seconds) EXECUTE FUNCTION licensing.note_promise();

-- +goose Down
DROP TRIGGER note_promise ON licensing.license;
DROP FUNCTION licensing.note_promise();
ALTER TABLE licensing.license DROP COLUMN promised_until;
