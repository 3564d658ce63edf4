-- What workers share, version 1. The arithmetic is the same as in arithmetic.py; p_now takes the
-- place of the time of the server, in tests.

CREATE TABLE wharfinger_shared_version (version integer NOT NULL);
INSERT INTO wharfinger_shared_version VALUES (1);

CREATE TABLE wharfinger_shared_tenants (
  tenant text PRIMARY KEY,
  stamped_at double precision NOT NULL DEFAULT 0,
  next_at double precision NOT NULL DEFAULT 0,
  day bigint NOT NULL DEFAULT 0,
  spent bigint NOT NULL DEFAULT 0,
  paused_until double precision NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

CREATE TABLE wharfinger_shared_workers (
  tenant text,
  worker text,
  seen_at double precision NOT NULL,
  PRIMARY KEY (tenant, worker)
);

CREATE TABLE wharfinger_shared_tokens (
  name text PRIMARY KEY,
  data bytea NOT NULL,
  until double precision NOT NULL
);

CREATE TABLE wharfinger_shared_turns (
  name text PRIMARY KEY,
  worker text NOT NULL,
  until double precision NOT NULL
);

CREATE FUNCTION wharfinger_shared_now(p_now double precision) RETURNS double precision
LANGUAGE sql AS $$
  SELECT coalesce(p_now, extract(epoch FROM clock_timestamp())::double precision)
$$;

-- Locks the row of a tenant, and returns it as of now.
CREATE FUNCTION wharfinger_shared_aligned(p_tenant text, p_now double precision)
RETURNS wharfinger_shared_tenants LANGUAGE plpgsql AS $$
DECLARE
  found wharfinger_shared_tenants;
  moment double precision;
  back_s double precision;
BEGIN
  INSERT INTO wharfinger_shared_tenants (tenant) VALUES (p_tenant) ON CONFLICT DO NOTHING;
  SELECT * INTO found FROM wharfinger_shared_tenants WHERE tenant = p_tenant FOR UPDATE;
  moment := wharfinger_shared_now(p_now);  -- not before it is this worker's turn to write
  back_s := greatest(0, found.stamped_at - moment);
  found.stamped_at := moment;
  found.next_at := found.next_at - back_s;
  found.day := least(found.day, floor(moment / 86400)::bigint + 1);
  found.paused_until := found.paused_until - back_s;
  RETURN found;
END $$;

CREATE FUNCTION wharfinger_shared_write(line wharfinger_shared_tenants) RETURNS void
LANGUAGE sql AS $$
  UPDATE wharfinger_shared_tenants
  SET stamped_at = line.stamped_at, next_at = line.next_at, day = line.day, spent = line.spent,
      paused_until = line.paused_until
  WHERE tenant = line.tenant
$$;

CREATE FUNCTION wharfinger_shared_look(
  p_tenant text, p_worker text, p_worker_s double precision, p_now double precision,
  OUT paused_s double precision, OUT workers bigint
) LANGUAGE plpgsql AS $$
DECLARE
  line wharfinger_shared_tenants := wharfinger_shared_aligned(p_tenant, p_now);
BEGIN
  PERFORM wharfinger_shared_write(line);
  INSERT INTO wharfinger_shared_workers VALUES (p_tenant, p_worker, line.stamped_at)
  ON CONFLICT (tenant, worker) DO UPDATE SET seen_at = excluded.seen_at;
  DELETE FROM wharfinger_shared_workers
  WHERE tenant = p_tenant AND abs(line.stamped_at - seen_at) > p_worker_s;
  workers := (SELECT count(*) FROM wharfinger_shared_workers WHERE tenant = p_tenant);
  paused_s := greatest(0, line.paused_until - line.stamped_at);
END $$;

CREATE FUNCTION wharfinger_shared_pause(
  p_tenant text, p_seconds double precision, p_now double precision
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  line wharfinger_shared_tenants := wharfinger_shared_aligned(p_tenant, p_now);
BEGIN
  line.paused_until := greatest(line.paused_until, line.stamped_at + p_seconds);
  PERFORM wharfinger_shared_write(line);
END $$;

CREATE FUNCTION wharfinger_shared_left(
  line wharfinger_shared_tenants, p_per_day bigint
) RETURNS bigint LANGUAGE sql AS $$
  SELECT CASE
    WHEN p_per_day IS NULL THEN NULL
    WHEN line.day = floor(line.stamped_at / 86400) THEN greatest(0, p_per_day - line.spent)
    WHEN line.day > floor(line.stamped_at / 86400) THEN 0
    ELSE p_per_day
  END
$$;

CREATE FUNCTION wharfinger_shared_reserve(
  p_tenant text, p_spacing_s double precision, p_per_day bigint, p_longest_wait_s double precision,
  p_now double precision,
  OUT taken boolean, OUT wait_s double precision, OUT paused_s double precision,
  OUT left_today bigint
) LANGUAGE plpgsql AS $$
DECLARE
  line wharfinger_shared_tenants := wharfinger_shared_aligned(p_tenant, p_now);
  moment double precision := line.stamped_at;
  leaves_at double precision := greatest(line.next_at, moment);
  its_day bigint := greatest(floor(leaves_at / 86400)::bigint, line.day);
  its_spent bigint := CASE WHEN its_day = line.day THEN line.spent ELSE 0 END;
BEGIN
  taken := false;
  wait_s := 0;
  paused_s := greatest(0, line.paused_until - moment);
  IF paused_s = 0 THEN
    IF its_spent >= p_per_day THEN  -- not true where there is no bound
      its_day := its_day + 1;
      its_spent := 0;
      leaves_at := greatest(leaves_at, its_day * 86400.0);
    END IF;
    wait_s := leaves_at - moment;
    taken := wait_s <= p_longest_wait_s;
    IF taken THEN
      line.next_at := leaves_at + p_spacing_s;
      line.day := its_day;
      line.spent := its_spent + 1;
    END IF;
  END IF;
  PERFORM wharfinger_shared_write(line);
  left_today := wharfinger_shared_left(line, p_per_day);
END $$;
