-- Personal data is forgotten so many rows at a time: one statement over all rows of a
-- large tenant would never end within its time. What 00001 made for it stays for the
-- program of before, which runs beside the new one while that replaces it.

-- +goose NO TRANSACTION
-- +goose Up
-- Building an index concurrently lets leases be granted meanwhile; one that was
-- interrupted leaves an index behind that is of no use.
DROP INDEX CONCURRENTLY IF EXISTS licensing.lease_age;
CREATE INDEX CONCURRENTLY lease_age ON licensing.lease (tenant_id, ended_at) WHERE erased_at IS NULL;

-- forget replaces who and where in at most `most` rows of leases, and as many of the
-- audit trail: of one user or ('') all, and of any age ('infinity', open leases too) or
-- of what was over before a time. It returns how many rows it changed; 0 means that
-- nothing is left.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION licensing.forget(who text, before timestamptz, most integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    -- Which index serves depends on what is asked.
    SET plan_cache_mode = force_custom_plan
AS $$
DECLARE leases bigint; events bigint;
BEGIN
    UPDATE licensing.lease l
       SET user_id = 'erased-' || gen_random_uuid(), fingerprint = 'erased-' || gen_random_uuid(),
           email = '', address = '', erased_at = now()
     WHERE l.id = ANY (ARRAY(SELECT k.id FROM licensing.lease k
               WHERE k.erased_at IS NULL AND (who = '' OR k.user_id = who) AND (before = 'infinity' OR k.ended_at < before) LIMIT most))
       -- A lease that is revived meanwhile is not over any more.
       AND l.erased_at IS NULL AND (before = 'infinity' OR l.ended_at < before);
    GET DIAGNOSTICS leases = ROW_COUNT;
    UPDATE licensing.audit a SET user_id = 'erased-' || gen_random_uuid(), address = '', erased_at = now()
     WHERE a.id = ANY (ARRAY(SELECT k.id FROM licensing.audit k
               WHERE k.erased_at IS NULL AND k.user_id <> '' AND (who = '' OR k.user_id = who) AND k.at < before LIMIT most));
    GET DIAGNOSTICS events = ROW_COUNT;
    RETURN leases + events;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION licensing.forget(text, timestamptz, integer) FROM PUBLIC;

-- +goose Down
DROP FUNCTION licensing.forget(text, timestamptz, integer);
DROP INDEX CONCURRENTLY licensing.lease_age;
