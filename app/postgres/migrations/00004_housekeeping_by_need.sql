-- Housekeeping asks for what changed and what is open, of all tenants at once, in place of
-- each tenant in turn. Nobody but the owner sees more than one tenant; these functions
-- return names and times, and no personal data. All of it is added, so that the program of
-- before runs on beside the new one.

-- +goose Up
-- When the live seats of a licence were loaded from its leases last: an ending from before
-- does not end them. One row says so for all of them.
CREATE TABLE IF NOT EXISTS licensing.seating (
    tenant_id  text NOT NULL,
    license_id text NOT NULL,
    at         timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, license_id)
);
ALTER TABLE licensing.seating ENABLE ROW LEVEL SECURITY;
ALTER TABLE licensing.seating FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS own_tenant ON licensing.seating;
CREATE POLICY own_tenant ON licensing.seating USING (tenant_id = current_setting('licensing.tenant', true));

-- The transaction that changed a licence last, or ('') a tenant itself. Only the owner
-- reads and writes it.
CREATE TABLE IF NOT EXISTS licensing.change (
    tenant_id  text NOT NULL,
    license_id text NOT NULL,
    at         bigint NOT NULL,
    PRIMARY KEY (tenant_id, license_id)
);
CREATE INDEX IF NOT EXISTS change_at ON licensing.change (at);
ALTER TABLE licensing.change ENABLE ROW LEVEL SECURITY;
ALTER TABLE licensing.change FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS registrar ON licensing.change;
CREATE POLICY registrar ON licensing.change TO CURRENT_USER USING (true);

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION licensing.note_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE tenant text; license text := '';
BEGIN
    IF TG_TABLE_NAME = 'license' THEN
        tenant := NEW.tenant_id; license := NEW.id;
    ELSE
        tenant := NEW.id;
    END IF;
    INSERT INTO licensing.change AS c (tenant_id, license_id, at) VALUES (tenant, license, pg_current_xact_id()::text::bigint)
        ON CONFLICT (tenant_id, license_id) DO UPDATE SET at = greatest(c.at, excluded.at);
    RETURN NULL;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION licensing.note_change() FROM PUBLIC;
-- At the commit, so that its row is the last that a transaction locks.
DROP TRIGGER IF EXISTS note_change ON licensing.tenant;
DROP TRIGGER IF EXISTS note_change ON licensing.license;
CREATE CONSTRAINT TRIGGER note_change AFTER UPDATE ON licensing.tenant DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION licensing.note_change();
CREATE CONSTRAINT TRIGGER note_change AFTER UPDATE ON licensing.license DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION licensing.note_change();

-- changes lists what was changed by the transaction `since` or later ones, or not before
-- them for certain, after a place in the order of names: a licence, or a tenant ('').
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION licensing.changes(since bigint, after_tenant text, after_license text, most integer)
    RETURNS TABLE (tenant text, license text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $$
BEGIN
    RETURN QUERY SELECT c.tenant_id, c.license_id FROM licensing.change c
        WHERE c.at >= since AND (c.tenant_id, c.license_id) > (after_tenant, after_license) ORDER BY c.tenant_id, c.license_id LIMIT most;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION licensing.changes(bigint, text, text, integer) FROM PUBLIC;

-- open_leases lists open leases after a place in the order of names: when each took its
-- seat, and the revision of its licence and tenant together. It visits so many tenants at
-- most; when it has more to visit, the last row names the tenant to go on after, and the
-- licence ~, which is the end of any tenant's.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION licensing.open_leases(after_tenant text, after_license text, after_lease text, most integer, visits integer)
    RETURNS TABLE (tenant text, license text, lease text, seated timestamptz, revision bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE here text; tenant_revision bigint; rest integer := most; found_now integer; visited integer := 0;
BEGIN
    FOR here, tenant_revision IN SELECT t.id, t.revision FROM licensing.tenant t 
            WHERE t.id >= after_tenant AND (t.id > after_tenant OR after_license <> '~') ORDER BY t.id LIMIT visits LOOP
        visited := visited + 1;
        PERFORM set_config('licensing.tenant', here, true);
        IF here = after_tenant THEN
            RETURN QUERY SELECT here, l.license_id, l.id, greatest(l.seated_at, s.at), k.revision + tenant_revision
                FROM licensing.lease l JOIN licensing.license k ON k.tenant_id = here AND k.id = l.license_id
                LEFT JOIN licensing.seating s ON s.tenant_id = here AND s.license_id = l.license_id
                WHERE l.tenant_id = here AND l.ended_at IS NULL AND (l.license_id, l.id) > (after_license, after_lease)
                ORDER BY l.license_id, l.id LIMIT rest;
        ELSE
            RETURN QUERY SELECT here, l.license_id, l.id, greatest(l.seated_at, s.at), k.revision + tenant_revision
                FROM licensing.lease l JOIN licensing.license k ON k.tenant_id = here AND k.id = l.license_id
                LEFT JOIN licensing.seating s ON s.tenant_id = here AND s.license_id = l.license_id
                WHERE l.tenant_id = here AND l.ended_at IS NULL ORDER BY l.license_id, l.id LIMIT rest;
        END IF;
        GET DIAGNOSTICS found_now = ROW_COUNT;
        rest := rest - found_now;
        EXIT WHEN rest <= 0;
    END LOOP;
    PERFORM set_config('licensing.tenant', '', true);
    IF rest > 0 AND visited = visits THEN
        tenant := here; license := '~'; lease := ''; seated := 'epoch'; revision := 0;
        RETURN NEXT;
    END IF;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION licensing.open_leases(text, text, text, integer, integer) FROM PUBLIC;

-- aged visits tenants after one of that name, and says of each whether it has personal
-- data from before a time.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION licensing.aged(before timestamptz, after_tenant text, visits integer)
    RETURNS TABLE (tenant text, old boolean)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    FOR tenant IN SELECT t.id FROM licensing.tenant t WHERE t.id > after_tenant ORDER BY t.id LIMIT visits LOOP
        PERFORM set_config('licensing.tenant', tenant, true);
        old := EXISTS (SELECT FROM licensing.lease l WHERE l.tenant_id = tenant AND l.erased_at IS NULL AND l.ended_at < before)
            OR EXISTS (SELECT FROM licensing.audit a WHERE a.tenant_id = tenant AND a.erased_at IS NULL AND a.user_id <> '' AND a.at < before);
        RETURN NEXT;
    END LOOP;
    PERFORM set_config('licensing.tenant', '', true);
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION licensing.aged(timestamptz, text, integer) FROM PUBLIC;

-- +goose Down
DROP FUNCTION licensing.aged(timestamptz, text, integer);
DROP FUNCTION licensing.open_leases(text, text, text, integer, integer);
DROP FUNCTION licensing.changes(bigint, text, text, integer);
DROP TRIGGER note_change ON licensing.license;
DROP TRIGGER note_change ON licensing.tenant;
DROP FUNCTION licensing.note_change();
DROP TABLE licensing.change;
DROP TABLE licensing.seating;
