-- A licence may limit each user, keep seats for groups, name features, and say what happens at
-- its end, at missed heartbeats and when it is full. All of it is added with the values of
-- before, so that the program of before runs on beside the new one: it does not know the
-- limits, and leaves them alone.

-- +goose Up
ALTER TABLE licensing.license
    ADD COLUMN IF NOT EXISTS user_seats          integer NOT NULL DEFAULT 0 CHECK (user_seats >= 0),
    ADD COLUMN IF NOT EXISTS reservations        jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN IF NOT EXISTS features            text[] NOT NULL DEFAULT '{}',
    ADD COLUMN IF NOT EXISTS grace_seconds       integer NOT NULL DEFAULT 0 CHECK (grace_seconds >= 0),
    ADD COLUMN IF NOT EXISTS lease_grace_seconds integer NOT NULL DEFAULT 0 CHECK (lease_grace_seconds >= 0),
    ADD COLUMN IF NOT EXISTS when_full           text NOT NULL DEFAULT 'refuse' CHECK (when_full IN ('refuse', 'take')),
    ADD COLUMN IF NOT EXISTS take_idle_seconds   integer NOT NULL DEFAULT 0 CHECK (take_idle_seconds >= 0);

-- The group whose reserved seat the lease has, '' for none.
ALTER TABLE licensing.lease ADD COLUMN IF NOT EXISTS reservation text NOT NULL DEFAULT '';

-- No row has to be looked at: every reason of before is still one. The next migration does.
ALTER TABLE licensing.lease DROP CONSTRAINT IF EXISTS lease_end_reason_check;
ALTER TABLE licensing.lease ADD CONSTRAINT lease_end_reason_check
    CHECK (end_reason IN ('released', 'expired', 'forced', 'cancelled', 'taken')) NOT VALID;

-- admit_holder is admit with the limits inside a licence and the grace after its end, in
-- which only an open lease is renewed. A lease on a reserved seat names its group.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION licensing.admit_holder(tenant text, license text, lease text, holder text, of_group text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    refusal text; standing text; is_open boolean; ending text; state text; ends timestamptz; grace integer;
    most integer; each_user integer; kept jsonb; taken integer;
BEGIN
    SELECT l.status, l.expires_at, l.grace_seconds, greatest(l.seats, floor(l.seats * l.overage + 1e-9)), l.user_seats, l.reservations
      INTO state, ends, grace, most, each_user, kept
      FROM licensing.license l WHERE l.tenant_id = tenant AND l.id = license;
    IF NOT FOUND THEN
        refusal := 'license_not_found';
    END IF;
    SELECT l.ended_at IS NULL, l.end_reason INTO is_open, ending
      FROM licensing.lease l WHERE l.tenant_id = tenant AND l.id = lease;
    IF state IN ('suspended', 'revoked') THEN
        refusal := 'license_' || state;
    ELSIF ends + make_interval(secs => CASE WHEN is_open THEN grace ELSE 0 END) <= now() THEN
        refusal := 'license_expired';
    END IF;
    SELECT t.status INTO standing FROM licensing.tenant t WHERE t.id = tenant;
    IF standing = 'suspended' THEN
        refusal := 'tenant_suspended';
    END IF;
    IF refusal IS NULL AND ending IN ('released', 'forced') THEN
        refusal := 'lease_ended';
    ELSIF refusal IS NULL AND ending = 'taken' THEN
        refusal := 'lease_taken';
    END IF;
    IF refusal IS NULL AND is_open IS NOT TRUE THEN
        SELECT count(*) INTO taken FROM licensing.lease l WHERE l.tenant_id = tenant AND l.license_id = license AND l.ended_at IS NULL;
        IF taken >= most THEN
            refusal := 'no_seats_available';
        ELSIF each_user > 0 AND (SELECT count(*) FROM licensing.lease l
                WHERE l.tenant_id = tenant AND l.license_id = license AND l.user_id = holder AND l.ended_at IS NULL) >= each_user THEN
            refusal := 'user_limit_reached';
        ELSIF kept <> '[]' AND taken + (SELECT coalesce(sum(greatest(0, r.seats - (SELECT count(*) FROM licensing.lease l
                    WHERE l.tenant_id = tenant AND l.license_id = license AND l.reservation = r."group" AND l.reservation <> '' AND l.ended_at IS NULL))), 0)
                FROM jsonb_to_recordset(kept) AS r ("group" text, seats integer) WHERE r."group" <> of_group) >= most THEN
            refusal := 'seats_reserved';
        END IF;
    END IF;
    IF refusal IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'LS002', MESSAGE = refusal;
    END IF;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION licensing.admit_holder(text, text, text, text, text) FROM PUBLIC;

-- +goose Down
DROP FUNCTION licensing.admit_holder(text, text, text, text, text);
UPDATE licensing.lease SET end_reason = 'forced' WHERE end_reason = 'taken';
ALTER TABLE licensing.lease DROP CONSTRAINT lease_end_reason_check;
ALTER TABLE licensing.lease ADD CONSTRAINT lease_end_reason_check CHECK (end_reason IN ('released', 'expired', 'forced', 'cancelled'));
ALTER TABLE licensing.lease DROP COLUMN reservation;
ALTER TABLE licensing.license DROP COLUMN user_seats, DROP COLUMN reservations, DROP COLUMN features, DROP COLUMN grace_seconds,
    DROP COLUMN lease_grace_seconds, DROP COLUMN when_full, DROP COLUMN take_idle_seconds;
