-- An acquire after the lease time was shortened, or the licence's end moved, wrote the later end of
-- before. It is the function of before with another rule for that, so that the program of before runs
-- on beside the new one.

-- +goose Up
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION licensing.grant_lease(tenant text, license text, revised bigint, lease text,
        new_kind text, new_fingerprint text, new_user text, new_email text, new_address text, new_granted timestamptz, new_expires timestamptz, new_group text,
        event_user text, event_address text, event_request text, event_action text, event_code text, event_detail text, extended text,
        leases text[], times timestamptz[], reasons text[], final boolean[], actions text[], users text[], addresses text[], requests text[]) RETURNS text
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $$
DECLARE
    named text; refusal text; standing text; is_open boolean; ending text; state text; ends timestamptz; grace integer;
    most integer; each_user integer; kept jsonb; taken integer; revision_now bigint; tenant_revision bigint;
BEGIN
    PERFORM set_config('licensing.tenant', tenant, true);
    SELECT l.status, l.expires_at, l.grace_seconds, greatest(l.seats, floor(l.seats * l.overage + 1e-9)), l.user_seats, l.reservations, l.revision
        INTO state, ends, grace, most, each_user, kept, revision_now
        FROM licensing.license l WHERE l.tenant_id = tenant AND l.id = license FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        refusal := 'license_not_found';
    END IF;
    IF cardinality(leases) > 0 THEN
        FOR named IN SELECT DISTINCT u FROM unnest(leases || lease) AS u ORDER BY u LOOP
            PERFORM FROM licensing.lease l WHERE l.tenant_id = tenant AND l.id = named FOR UPDATE;
        END LOOP;
        PERFORM licensing.end_leases(tenant, '{}', leases, times, reasons, final, actions, users, addresses, requests);
    END IF;
    SELECT l.ended_at IS NULL, l.end_reason INTO is_open, ending
        FROM licensing.lease l WHERE l.tenant_id = tenant AND l.id = lease;
    IF state IN ('suspended', 'revoked') THEN
        refusal := 'license_' || state;
    ELSIF ends + make_interval(secs => CASE WHEN is_open THEN grace ELSE 0 END) <= now() THEN
        refusal := 'license_expired';
    END IF;
    SELECT t.status, t.revision INTO standing, tenant_revision FROM licensing.tenant t WHERE t.id = tenant;
    IF standing = 'suspended' THEN
        refusal := 'tenant_suspended';
    END IF;
    IF refusal IS NULL AND ending IN ('released', 'forced') THEN
        refusal := 'lease_ended';
    ELSIF refusal IS NULL AND ending = 'taken' THEN
        refusal := 'lease_taken';
    ELSIF refusal IS NULL AND revision_now + tenant_revision <> revised THEN
        refusal := 'license_changed';
    END IF;
    IF refusal IS NULL AND is_open IS NOT TRUE THEN
        SELECT count(*) INTO taken FROM licensing.lease l WHERE l.tenant_id = tenant AND l.license_id = license AND l.ended_at IS NULL;
        IF taken >= most THEN
            refusal := 'no_seats_available';
        ELSIF each_user > 0 AND (SELECT count(*) FROM licensing.lease l
                WHERE l.tenant_id = tenant AND l.license_id = license AND l.user_id = new_user AND l.ended_at IS NULL) >= each_user THEN
            refusal := 'user_limit_reached';
        ELSIF kept <> '[]' AND taken + (SELECT coalesce(sum(greatest(0, r.seats - (SELECT count(*) FROM licensing.lease l
                    WHERE l.tenant_id = tenant AND l.license_id = license AND l.reservation = r."group" AND l.reservation <> '' AND l.ended_at IS NULL))), 0)
                FROM jsonb_to_recordset(kept) AS r ("group" text, seats integer) WHERE r."group" <> new_group) >= most THEN
            refusal := 'seats_reserved';
        END IF;
    END IF;
    IF refusal IS NOT NULL THEN
        RETURN refusal;
    END IF;
    INSERT INTO licensing.audit (tenant_id, user_id, address, request_id, action, license_id, lease_id, code, detail)
        VALUES (tenant, event_user, event_address, event_request, event_action, license, lease, event_code,
            CASE WHEN is_open THEN extended ELSE event_detail END);
    IF is_open IS NULL THEN
        INSERT INTO licensing.lease (tenant_id, license_id, id, kind, fingerprint, user_id, email, address, granted_at, seated_at, expires_at, reservation)
            VALUES (tenant, license, lease, new_kind, new_fingerprint, new_user, new_email, new_address, new_granted, new_granted, new_expires, new_group);
        RETURN NULL;
    END IF;
    -- An open one that is borrowed for longer stays as it is, whichever of two requests comes last. Of
    -- two floating ones the one that was granted last counts: there may be a shorter lease time now.
    UPDATE licensing.lease l SET
        kind = CASE WHEN l.kind = 'borrowed' AND l.ended_at IS NULL AND l.expires_at >= new_expires THEN l.kind ELSE new_kind END,
        user_id = new_user, email = new_email, address = new_address, fingerprint = new_fingerprint,
        granted_at = greatest(l.granted_at, new_granted), seated_at = greatest(l.seated_at, new_granted),
        expires_at = CASE WHEN l.ended_at IS NOT NULL THEN new_expires
            WHEN l.kind = 'borrowed' THEN greatest(l.expires_at, new_expires)
            WHEN new_kind = 'floating' AND l.granted_at > new_granted THEN l.expires_at
            ELSE new_expires END, reservation = new_group,
        erased_at = NULL, ended_at = NULL, end_reason = NULL
        WHERE l.tenant_id = tenant AND l.id = lease;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose Down
-- This function serves the program of before, too.
SELECT;
