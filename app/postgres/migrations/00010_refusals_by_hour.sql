-- A refusal that is repeated within an hour is counted, and not written down again, so that a
-- client that tries every second does not fill the audit trail. All of it is added, so that
-- the program of before runs on beside the new one.

-- +goose Up
-- How often a refusal of the audit trail happened. The digest stands for the hour, who, what
-- and why; after an erasure for nobody any more.
CREATE TABLE IF NOT EXISTS licensing.refusal (
    tenant_id text NOT NULL,
    digest    bytea NOT NULL,
    audit_id  bigint NOT NULL,
    times     bigint NOT NULL DEFAULT 1,
    last_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, digest)
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX IF NOT EXISTS refusal_event ON licensing.refusal (tenant_id, audit_id);
ALTER TABLE licensing.refusal ENABLE ROW LEVEL SECURITY;
ALTER TABLE licensing.refusal FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS own_tenant ON licensing.refusal;
CREATE POLICY own_tenant ON licensing.refusal USING (tenant_id = current_setting('licensing.tenant', true));

-- refuse writes a refusal to the audit trail, the first time in an hour, and counts it. The
-- names of licences that do not exist are one: anybody can make up any number of them.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION licensing.refuse(tenant text, who text, place text, request text, license text, lease text, why text, asked text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE named text := ''; key bytea; event bigint;
BEGIN
    SELECT l.id INTO named FROM licensing.license l WHERE l.tenant_id = tenant AND l.id = license;
    key := sha256(convert_to(jsonb_build_array(date_trunc('hour', now(), 'UTC'), who, coalesce(named, ''), why, asked)::text, 'UTF8'));
    UPDATE licensing.refusal r SET times = r.times + 1, last_at = greatest(r.last_at, now()) WHERE r.tenant_id = tenant AND r.digest = key;
    IF FOUND THEN
        RETURN;
    END IF;
    INSERT INTO licensing.audit (tenant_id, user_id, address, request_id, action, license_id, lease_id, code, detail)
        VALUES (tenant, who, place, request, 'request.refuse', license, lease, why, asked) RETURNING id INTO event;
    -- When another was the first at the same moment, both are in the trail, and count once.
    INSERT INTO licensing.refusal (tenant_id, digest, audit_id) VALUES (tenant, key, event) ON CONFLICT DO NOTHING;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION licensing.refuse(text, text, text, text, text, text, text, text) FROM PUBLIC;

-- scrub as before, and what it forgets in the audit trail the counts do not name either.
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
    UPDATE licensing.refusal r SET digest = convert_to('erased-' || gen_random_uuid(), 'UTF8') WHERE r.audit_id = ANY (events);
    RETURN total + changed;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION licensing.scrub(text, timestamptz, integer) FROM PUBLIC;

-- +goose Down
DROP FUNCTION licensing.refuse(text, text, text, text, text, text, text, text);
DROP TABLE licensing.refusal;
