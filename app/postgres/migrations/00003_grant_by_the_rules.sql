-- What decides about a grant is asked in the transaction that writes it, changes can be
-- told apart by age, the audit trail says what was changed, and forgetting waits its turn.
-- All of it is added, so that the program of before runs on beside the new one.

-- +goose Up
-- In the order in which a grant takes them, so that neither waits for the other.
ALTER TABLE licensing.tenant ADD COLUMN IF NOT EXISTS revision bigint NOT NULL DEFAULT 0;
ALTER TABLE licensing.license ADD COLUMN IF NOT EXISTS revision bigint NOT NULL DEFAULT 0;
ALTER TABLE licensing.audit ADD COLUMN IF NOT EXISTS detail text NOT NULL DEFAULT '';

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION licensing.revise() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    NEW.revision := OLD.revision + 1;
    RETURN NEW;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION licensing.revise() FROM PUBLIC;
CREATE OR REPLACE TRIGGER revise BEFORE UPDATE ON licensing.tenant FOR EACH ROW EXECUTE FUNCTION licensing.revise();
CREATE OR REPLACE TRIGGER revise BEFORE UPDATE ON licensing.license FOR EACH ROW EXECUTE FUNCTION licensing.revise();

-- admit refuses a lease that the rules forbid; the error's message is the API's code. Redis
-- decides who gets a seat; this makes sure that nothing that Redis lost can ever be sold
-- again, that who was suspended meanwhile gets none, and that what was given back or
-- taken away does not come back. The caller holds the licence's row lock.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION licensing.admit(tenant text, license text, lease text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE refusal text; most integer; standing text; is_open boolean; ending text;
BEGIN
    SELECT CASE WHEN l.status = 'suspended' THEN 'license_suspended' WHEN l.status = 'revoked' THEN 'license_revoked'
                WHEN l.expires_at <= now() THEN 'license_expired' END,
           greatest(l.seats, floor(l.seats * l.overage + 1e-9))
      INTO refusal, most
      FROM licensing.license l WHERE l.tenant_id = tenant AND l.id = license;
    IF NOT FOUND THEN
        refusal := 'license_not_found';
    END IF;
    SELECT t.status INTO standing FROM licensing.tenant t WHERE t.id = tenant;
    IF standing = 'suspended' THEN
        refusal := 'tenant_suspended';
    END IF;
    SELECT l.ended_at IS NULL, l.end_reason INTO is_open, ending
      FROM licensing.lease l WHERE l.tenant_id = tenant AND l.id = lease;
    IF refusal IS NULL AND ending IN ('released', 'forced') THEN
        refusal := 'lease_ended';
    END IF;
    IF refusal IS NULL AND is_open IS NOT TRUE AND
       (SELECT count(*) FROM licensing.lease l WHERE l.tenant_id = tenant AND l.license_id = license AND l.ended_at IS NULL) >= most THEN
        refusal := 'no_seats_available';
    END IF;
    IF refusal IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'LS002', MESSAGE = refusal;
    END IF;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION licensing.admit(text, text, text) FROM PUBLIC;

-- scrub is forget, with rows locked in the order of their ids, as whoever else writes
-- leases does: two transactions never wait for each other.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION licensing.scrub(who text, before timestamptz, most integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $$
DECLARE chosen text[]; events bigint[]; changed bigint; total bigint := 0;
BEGIN
    chosen := ARRAY(SELECT l.id FROM licensing.lease l
               WHERE l.erased_at IS NULL AND (who = '' OR l.user_id = who) AND (before = 'infinity' OR l.ended_at < before) LIMIT most);
    PERFORM FROM licensing.lease l WHERE l.id = ANY (chosen) ORDER BY l.id FOR UPDATE;
    UPDATE licensing.lease l
       SET user_id = 'erased-' || gen_random_uuid(), fingerprint = 'erased-' || gen_random_uuid(),
           email = '', address = '', erased_at = now()
     WHERE l.id = ANY (chosen)
       -- What happened while this waited counts: the lease may live again.
       AND l.erased_at IS NULL AND (who = '' OR l.user_id = who) AND (before = 'infinity' OR l.ended_at < before);
    GET DIAGNOSTICS changed = ROW_COUNT; total := total + changed;
    events := ARRAY(SELECT a.id FROM licensing.audit a
               WHERE a.erased_at IS NULL AND a.user_id <> '' AND (who = '' OR a.user_id = who) AND a.at < before LIMIT most);
    PERFORM FROM licensing.audit a WHERE a.id = ANY (events) ORDER BY a.id FOR UPDATE;
    UPDATE licensing.audit a SET user_id = 'erased-' || gen_random_uuid(), address = '', erased_at = now()
     WHERE a.id = ANY (events) AND a.erased_at IS NULL;
    GET DIAGNOSTICS changed = ROW_COUNT;
    RETURN total + changed;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION licensing.scrub(text, timestamptz, integer) FROM PUBLIC;

-- +goose Down
DROP FUNCTION licensing.scrub(text, timestamptz, integer);
DROP FUNCTION licensing.admit(text, text, text);
DROP TRIGGER revise ON licensing.license;
DROP TRIGGER revise ON licensing.tenant;
DROP FUNCTION licensing.revise();
ALTER TABLE licensing.license DROP COLUMN revision;
ALTER TABLE licensing.tenant DROP COLUMN revision;
ALTER TABLE licensing.audit DROP COLUMN detail;
