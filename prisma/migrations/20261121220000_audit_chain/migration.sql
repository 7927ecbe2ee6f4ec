-- CreateTable
CREATE TABLE "AuditUnsealed" (
    "number" BIGSERIAL NOT NULL,
    "eventId" UUID NOT NULL,

    CONSTRAINT "AuditUnsealed_pkey" PRIMARY KEY ("number")
);

-- CreateTable
CREATE TABLE "AuditSeal" (
    "number" BIGINT NOT NULL,
    "eventId" UUID NOT NULL,
    "hash" BYTEA NOT NULL,
    "addressMac" BYTEA,

    CONSTRAINT "AuditSeal_pkey" PRIMARY KEY ("number")
);

-- CreateIndex
CREATE UNIQUE INDEX "AuditSeal_eventId_key" ON "AuditSeal"("eventId");

ALTER TABLE "AuditSeal"
  ADD CONSTRAINT "AuditSeal_begins_with_one" CHECK (number > 0),
  ADD CONSTRAINT "AuditSeal_is_a_hash" CHECK (octet_length(hash) = 32 AND octet_length("addressMac") = 32);

-- ── Every line comes into the queue with its own transaction, and writers wait for nobody ────────────────────────────

-- As the owner: who may add a line to the trail needs no right to the queue.
CREATE FUNCTION new_lines_wait_for_their_seal() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO "AuditUnsealed" ("eventId") SELECT id FROM new_lines;
  RETURN NULL;
END $$;

CREATE TRIGGER "AuditEvent_waits_for_its_seal" AFTER INSERT ON "AuditEvent"
  REFERENCING NEW TABLE AS new_lines FOR EACH STATEMENT EXECUTE FUNCTION new_lines_wait_for_their_seal();

INSERT INTO "AuditUnsealed" ("eventId") SELECT id FROM "AuditEvent" ORDER BY id;

-- ── Seals are never changed or removed, but for the part that covers an address, which goes with it ──────────────────

CREATE TRIGGER "AuditSeal_append_only" BEFORE DELETE OR TRUNCATE ON "AuditSeal"
  FOR EACH STATEMENT EXECUTE FUNCTION history_is_only_added_to();

CREATE FUNCTION seals_of_forgotten_addresses_go() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW."addressMac" IS NOT NULL OR to_jsonb(NEW) - 'addressMac' IS DISTINCT FROM to_jsonb(OLD) - 'addressMac'
     OR EXISTS (SELECT 1 FROM "AuditEvent" WHERE id = OLD."eventId" AND ip IS NOT NULL) THEN
    RAISE EXCEPTION '% rows are never changed or removed', TG_TABLE_NAME USING ERRCODE = 'check_violation', CONSTRAINT = 'history_is_only_added_to';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER "AuditSeal_not_rewritten" BEFORE UPDATE ON "AuditSeal"
  FOR EACH ROW EXECUTE FUNCTION seals_of_forgotten_addresses_go();

CREATE OR REPLACE FUNCTION forget_old_addresses(before timestamptz, most integer) RETURNS integer
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  lines uuid[];
BEGIN
  lines := ARRAY(SELECT id FROM "AuditEvent"
    WHERE ip IS NOT NULL AND at < least(before, clock_timestamp() - interval '13 months') ORDER BY at LIMIT most);
  UPDATE "AuditEvent" SET ip = NULL WHERE id = ANY (lines);
  UPDATE "AuditSeal" SET "addressMac" = NULL WHERE "eventId" = ANY (lines) AND "addressMac" IS NOT NULL;
  RETURN cardinality(lines);
END $$;
