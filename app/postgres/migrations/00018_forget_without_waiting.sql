-- Who forgets a user and who writes several grants together lock leases in different orders, so each could
-- wait for the other until the database ended one of them. Forgetting waits for no lease any more while it
-- keeps another one from others. It is the function of before with another first step, so that the program
-- of before runs on beside the new one.

-- +goose Up
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION licensing.scrub(who text, before timestamptz, most integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $$
DECLARE chosen text[]; events bigint[]; changed bigint; total bigint := 0;
BEGIN
    -- Those that somebody else has are left for the next call, and waited for one by one when no other is left.
    chosen := ARRAY(SELECT l.id FROM licensing.lease l
               WHERE l.erased_at IS NULL AND (who = '' OR l.user_id = who) AND (before = 'infinity' OR l.ended_at < before) LIMIT most
               FOR UPDATE SKIP LOCKED);
    IF cardinality(chosen) = 0 THEN
        chosen := ARRAY(SELECT l.id FROM licensing.lease l
               WHERE l.erased_at IS NULL AND (who = '' OR l.user_id = who) AND (before = 'infinity' OR l.ended_at < before) LIMIT 1
               FOR UPDATE);
    END IF;
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
    UPDATE licensing.audit a SET user_id = 'erased-' || gen_random_uuid(), address = '', request_id = '', erased_at = now(),
           license_id = CASE WHEN a.action <> 'request.refuse' OR EXISTS (SELECT FROM licensing.license l
               WHERE l.tenant_id = a.tenant_id AND l.id = a.license_id) THEN a.license_id ELSE '' END,
           lease_id = CASE WHEN a.action <> 'request.refuse' OR EXISTS (SELECT FROM licensing.lease l
               WHERE l.tenant_id = a.tenant_id AND l.id = a.lease_id) THEN a.lease_id ELSE '' END
     WHERE a.id = ANY (events) AND a.erased_at IS NULL;
    GET DIAGNOSTICS changed = ROW_COUNT;
    UPDATE licensing.refusal r SET digest = convert_to('erased-' || gen_random_uuid(), 'UTF8') WHERE r.audit_id = ANY (events);
    RETURN total + changed;
END $$;
-- +goose StatementEnd

-- +goose Down
-- The function of before does the same, and may be ended once by a deadlock.
SELECT;
