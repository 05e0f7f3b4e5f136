-- The ledger. Every table belongs to tenants: row-level security is forced, so that
-- not even the owner sees a row without naming its tenant in licensing.tenant.

-- +goose Up
CREATE TABLE licensing.tenant (
    id         text PRIMARY KEY,
    name       text NOT NULL,
    status     text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended')),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE licensing.license (
    tenant_id          text NOT NULL REFERENCES licensing.tenant (id),
    id                 text NOT NULL,
    product            text NOT NULL,
    seats              integer NOT NULL CHECK (seats > 0),
    lease_seconds      integer NOT NULL CHECK (lease_seconds > 0),
    heartbeat_seconds  integer NOT NULL CHECK (heartbeat_seconds > 0),
    expires_at         timestamptz,
    max_borrow_seconds integer NOT NULL DEFAULT 0 CHECK (max_borrow_seconds >= 0),
    overage            double precision NOT NULL DEFAULT 1 CHECK (overage >= 1),
    status             text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'revoked')),
    metadata           jsonb NOT NULL DEFAULT '{}',
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);

CREATE TABLE licensing.lease (
    tenant_id   text NOT NULL,
    id          text NOT NULL,
    license_id  text NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('floating', 'borrowed')),
    fingerprint text NOT NULL,
    user_id     text NOT NULL,
    email       text NOT NULL DEFAULT '',
    address     text NOT NULL DEFAULT '',
    granted_at  timestamptz NOT NULL,
    seated_at   timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    ended_at    timestamptz,
    end_reason  text CHECK (end_reason IN ('released', 'expired', 'forced', 'cancelled')),
    erased_at   timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, license_id) REFERENCES licensing.license (tenant_id, id)
);
CREATE INDEX lease_open ON licensing.lease (tenant_id, license_id, id) WHERE ended_at IS NULL;
CREATE INDEX lease_ended ON licensing.lease (tenant_id, license_id, ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX lease_user ON licensing.lease (tenant_id, user_id);

CREATE TABLE licensing.audit (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id  text NOT NULL,
    at         timestamptz NOT NULL DEFAULT now(),
    user_id    text NOT NULL DEFAULT '',
    address    text NOT NULL DEFAULT '',
    request_id text NOT NULL DEFAULT '',
    action     text NOT NULL,
    license_id text NOT NULL DEFAULT '',
    lease_id   text NOT NULL DEFAULT '',
    code       text NOT NULL DEFAULT '',
    erased_at  timestamptz
);
CREATE INDEX audit_tenant ON licensing.audit (tenant_id, id DESC);
CREATE INDEX audit_user ON licensing.audit (tenant_id, user_id);
CREATE INDEX audit_age ON licensing.audit (tenant_id, at) WHERE erased_at IS NULL;

ALTER TABLE licensing.tenant ENABLE ROW LEVEL SECURITY;
ALTER TABLE licensing.tenant FORCE ROW LEVEL SECURITY;
ALTER TABLE licensing.license ENABLE ROW LEVEL SECURITY;
ALTER TABLE licensing.license FORCE ROW LEVEL SECURITY;
ALTER TABLE licensing.lease ENABLE ROW LEVEL SECURITY;
ALTER TABLE licensing.lease FORCE ROW LEVEL SECURITY;
ALTER TABLE licensing.audit ENABLE ROW LEVEL SECURITY;
ALTER TABLE licensing.audit FORCE ROW LEVEL SECURITY;

CREATE POLICY own_tenant ON licensing.tenant USING (id = current_setting('licensing.tenant', true));
CREATE POLICY own_tenant ON licensing.license USING (tenant_id = current_setting('licensing.tenant', true));
CREATE POLICY own_tenant ON licensing.lease USING (tenant_id = current_setting('licensing.tenant', true));
CREATE POLICY own_tenant ON licensing.audit USING (tenant_id = current_setting('licensing.tenant', true));

-- Housekeeping visits one tenant after another and so has to know their ids. Only
-- the owner may list them, and only inside this function.
CREATE POLICY registrar ON licensing.tenant FOR SELECT TO CURRENT_USER USING (true);

-- +goose StatementBegin
CREATE FUNCTION licensing.tenant_ids() RETURNS SETOF text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT id FROM licensing.tenant ORDER BY id $$;
-- +goose StatementEnd

-- The audit trail is append-only for the application. Personal data in it is
-- erased by the owner alone, by the two functions below: they replace who and
-- where by a pseudonym that is new for every row, and leave what and when.
-- +goose StatementBegin
CREATE FUNCTION licensing.erase(who text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE changed bigint; total bigint := 0;
BEGIN
    UPDATE licensing.lease
       SET user_id = 'erased-' || gen_random_uuid(), fingerprint = 'erased-' || gen_random_uuid(),
           email = '', address = '', erased_at = now()
     WHERE erased_at IS NULL AND (who = '' OR user_id = who);
    GET DIAGNOSTICS changed = ROW_COUNT; total := total + changed;
    UPDATE licensing.audit SET user_id = 'erased-' || gen_random_uuid(), address = '', erased_at = now()
     WHERE erased_at IS NULL AND user_id <> '' AND (who = '' OR user_id = who);
    GET DIAGNOSTICS changed = ROW_COUNT;
    RETURN total + changed;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION licensing.pseudonymise(before timestamptz) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE changed bigint; total bigint := 0;
BEGIN
    UPDATE licensing.lease
       SET user_id = 'erased-' || gen_random_uuid(), fingerprint = 'erased-' || gen_random_uuid(),
           email = '', address = '', erased_at = now()
     WHERE erased_at IS NULL AND ended_at < before;
    GET DIAGNOSTICS changed = ROW_COUNT; total := total + changed;
    UPDATE licensing.audit SET user_id = 'erased-' || gen_random_uuid(), address = '', erased_at = now()
     WHERE erased_at IS NULL AND at < before AND user_id <> '';
    GET DIAGNOSTICS changed = ROW_COUNT;
    RETURN total + changed;
END $$;
-- +goose StatementEnd

-- A lease may be opened only while the licence has fewer open ones than it allows.
-- Redis decides who gets a seat; this makes sure that nothing that Redis lost can
-- ever be sold again. The caller holds the licence's row lock.
-- +goose StatementBegin
CREATE FUNCTION licensing.guard_seats(tenant text, license text, lease text, most integer) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM licensing.lease l WHERE l.tenant_id = tenant AND l.id = lease AND l.ended_at IS NULL) THEN
        RETURN;
    END IF;
    IF (SELECT count(*) FROM licensing.lease l WHERE l.tenant_id = tenant AND l.license_id = license AND l.ended_at IS NULL) >= most THEN
        RAISE EXCEPTION 'the licence has % open leases already', most USING ERRCODE = 'LS001';
    END IF;
END $$;
-- +goose StatementEnd

REVOKE ALL ON FUNCTION licensing.guard_seats(text, text, text, integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION licensing.tenant_ids() FROM PUBLIC;
REVOKE ALL ON FUNCTION licensing.erase(text) FROM PUBLIC;
REVOKE ALL ON FUNCTION licensing.pseudonymise(timestamptz) FROM PUBLIC;

-- +goose Down
DROP FUNCTION licensing.guard_seats(text, text, text, integer);
DROP FUNCTION licensing.pseudonymise(timestamptz);
DROP FUNCTION licensing.erase(text);
DROP FUNCTION licensing.tenant_ids();
DROP TABLE licensing.audit;
DROP TABLE licensing.lease;
DROP TABLE licensing.license;
DROP TABLE licensing.tenant;
