-- AlterEnum
ALTER TYPE "UserStatus" ADD VALUE 'CLOSED';

-- CreateTable
CREATE TABLE "Erasure" (
    "id" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "askedOn" TIMESTAMPTZ(3) NOT NULL,
    "calledOffOn" TIMESTAMPTZ(3),
    "closedOn" TIMESTAMPTZ(3),
    "erasedOn" TIMESTAMPTZ(3),
    "bankTold" BOOLEAN,

    CONSTRAINT "Erasure_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "Erasure_one_open" ON "Erasure"("userId") WHERE ("calledOffOn" IS NULL AND "erasedOn" IS NULL);

-- CreateIndex
CREATE INDEX "AuditEvent_with_address" ON "AuditEvent"("at") WHERE (ip IS NOT NULL);

-- CreateIndex
CREATE INDEX "AuditEvent_without_subject" ON "AuditEvent"("actorId") WHERE (("subjectId" IS NULL) AND ("actorId" IS NOT NULL));

-- CreateIndex
CREATE INDEX "BackupCode_used" ON "BackupCode"("usedOn") WHERE ("usedOn" IS NOT NULL);

-- CreateIndex
CREATE INDEX "ConsentRequest_expiresOn_idx" ON "ConsentRequest"("expiresOn");

-- CreateIndex
CREATE INDEX "EmailToken_expiresOn_idx" ON "EmailToken"("expiresOn");

-- CreateIndex
CREATE INDEX "KnownDevice_lastSeenOn_idx" ON "KnownDevice"("lastSeenOn");

-- CreateIndex
CREATE INDEX "Payment_with_address" ON "Payment"("askedOn") WHERE ("askedFromIp" IS NOT NULL);

-- CreateIndex
CREATE INDEX "User_unconfirmed" ON "User"("createdOn") WHERE ("emailConfirmedOn" IS NULL);

-- AddForeignKey
ALTER TABLE "Erasure" ADD CONSTRAINT "Erasure_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE RESTRICT ON UPDATE CASCADE;


-- ── An erasure goes one way: asked, closed, erased; called off only before ──────────────────────────────────────────

ALTER TABLE "Erasure"
  ADD CONSTRAINT "Erasure_erased_once_closed" CHECK ("erasedOn" IS NULL OR "closedOn" IS NOT NULL),
  ADD CONSTRAINT "Erasure_closed_is_not_called_off" CHECK ("calledOffOn" IS NULL OR "closedOn" IS NULL);

-- ── A closed account stays closed ───────────────────────────────────────────────────────────────────────────────────

-- A request may have been under way when its account was closed. The lock makes it wait for the closing, and see it.
CREATE FUNCTION closed_accounts_get_nothing() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  status_now text;
BEGIN
  SELECT status INTO status_now FROM "User" WHERE id = NEW."userId" FOR KEY SHARE;
  IF status_now = 'CLOSED' THEN
    RAISE EXCEPTION 'the account is closed' USING ERRCODE = 'check_violation', CONSTRAINT = 'closed_accounts_get_nothing';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER "Payment_of_open_account" BEFORE INSERT ON "Payment"
  FOR EACH ROW EXECUTE FUNCTION closed_accounts_get_nothing();
CREATE TRIGGER "Habit_of_open_account" BEFORE INSERT ON "Habit"
  FOR EACH ROW EXECUTE FUNCTION closed_accounts_get_nothing();
CREATE TRIGGER "BankConsent_of_open_account" BEFORE INSERT ON "BankConsent"
  FOR EACH ROW EXECUTE FUNCTION closed_accounts_get_nothing();
CREATE TRIGGER "KnownDevice_of_open_account" BEFORE INSERT ON "KnownDevice"
  FOR EACH ROW EXECUTE FUNCTION closed_accounts_get_nothing();

CREATE FUNCTION closed_account_stays_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.status::text = 'CLOSED' AND NEW.status::text <> 'CLOSED' THEN
    RAISE EXCEPTION 'a closed account stays closed' USING ERRCODE = 'check_violation', CONSTRAINT = 'closed_account_stays_closed';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER "User_stays_closed" BEFORE UPDATE OF status ON "User"
  FOR EACH ROW EXECUTE FUNCTION closed_account_stays_closed();

-- ── The audit trail keeps where somebody came from for 13 months; everything else in it stays as it was written ─────

DROP TRIGGER "AuditEvent_append_only" ON "AuditEvent";

CREATE TRIGGER "AuditEvent_append_only" BEFORE DELETE OR TRUNCATE ON "AuditEvent"
  FOR EACH STATEMENT EXECUTE FUNCTION history_is_only_added_to();

-- By the database's own clock, which no program of ours can move.
CREATE FUNCTION only_old_addresses_are_forgotten() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.ip IS NOT NULL OR OLD.at > clock_timestamp() - interval '13 months'
     OR to_jsonb(NEW) - 'ip' IS DISTINCT FROM to_jsonb(OLD) - 'ip' THEN
    RAISE EXCEPTION '% rows are never changed or removed', TG_TABLE_NAME USING ERRCODE = 'check_violation', CONSTRAINT = 'history_is_only_added_to';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER "AuditEvent_not_rewritten" BEFORE UPDATE ON "AuditEvent"
  FOR EACH ROW EXECUTE FUNCTION only_old_addresses_are_forgotten();

-- The only way to it, so that nobody needs the right to change the trail.
CREATE FUNCTION forget_old_addresses(before timestamptz, most integer) RETURNS integer
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  forgotten integer;
BEGIN
  UPDATE "AuditEvent" SET ip = NULL WHERE id = ANY (ARRAY(
    SELECT id FROM "AuditEvent"
    WHERE ip IS NOT NULL AND at < least(before, clock_timestamp() - interval '13 months') ORDER BY at LIMIT most));
  GET DIAGNOSTICS forgotten = ROW_COUNT;
  RETURN forgotten;
END $$;
