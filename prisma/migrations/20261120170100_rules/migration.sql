-- The rules of money and truth that every program has to obey, whatever its code says.

-- ── Bounds ──────────────────────────────────────────────────────────────────────────────────────────────────────────

ALTER TABLE "User"
  ADD CONSTRAINT "User_email_is_lower_case" CHECK (email = lower(email) AND length(email) BETWEEN 3 AND 254),
  ADD CONSTRAINT "User_fullName_length" CHECK (length("fullName") BETWEEN 1 AND 100),
  ADD CONSTRAINT "User_dayStartHour_range" CHECK ("dayStartHour" BETWEEN 0 AND 12),
  ADD CONSTRAINT "User_weekStart_range" CHECK ("weekStart" BETWEEN 1 AND 7),
  ADD CONSTRAINT "User_caps_positive" CHECK ("capPerPaymentMinor" > 0 AND "capPerDayMinor" > 0 AND "capPerMonthMinor" > 0),
  ADD CONSTRAINT "User_floor_not_negative" CHECK ("floorMinor" >= 0);

ALTER TABLE "EmailToken"
  ADD CONSTRAINT "EmailToken_expires_later" CHECK ("expiresOn" > "createdOn");

ALTER TABLE "BankConsent"
  ADD CONSTRAINT "BankConsent_ends_without_tokens"
    CHECK ("revokedAt" IS NULL OR ("accessTokenSealed" IS NULL AND "refreshTokenSealed" IS NULL)),
  ADD CONSTRAINT "BankConsent_lease_whole" CHECK (("refreshLeaseUntil" IS NULL) = ("refreshLeaseOwner" IS NULL));

ALTER TABLE "Account"
  ADD CONSTRAINT "Account_not_both_sides" CHECK (NOT ("isDebitor" AND "isCreditor")),
  ADD CONSTRAINT "Account_number_is_hashed" CHECK ("hashedAccNo" ~ '^[0-9a-f]{64}$');

ALTER TABLE "Habit"
  ADD CONSTRAINT "Habit_name_length" CHECK (length(name) BETWEEN 1 AND 80);

ALTER TABLE "HabitVersion"
  ADD CONSTRAINT "HabitVersion_interval_range" CHECK ("interval" BETWEEN 1 AND 366),
  ADD CONSTRAINT "HabitVersion_frequency_range" CHECK (frequency BETWEEN 1 AND least(100, 10 * "interval")),
  ADD CONSTRAINT "HabitVersion_amount_range" CHECK ("amountMinor" BETWEEN 1 AND 1000000),
  ADD CONSTRAINT "HabitVersion_number_positive" CHECK (number >= 1);

ALTER TABLE "CheckOff"
  ADD CONSTRAINT "CheckOff_amount_range" CHECK ("amountMinor" BETWEEN 1 AND 1000000),
  ADD CONSTRAINT "CheckOff_slots_positive" CHECK (slot >= 1 AND "daySlot" >= 1),
  ADD CONSTRAINT "CheckOff_day_in_period" CHECK (period <= day),
  ADD CONSTRAINT "CheckOff_undone_has_instant" CHECK ((state = 'UNDONE') = ("undoneAt" IS NOT NULL));

ALTER TABLE "Payment"
  ADD CONSTRAINT "Payment_amount_positive" CHECK ("amountMinor" > 0),
  ADD CONSTRAINT "Payment_two_accounts" CHECK ("debtorAccountId" <> "creditorAccountId"),
  ADD CONSTRAINT "Payment_reference_form" CHECK (reference ~ '^[0-9A-Z]{12}$'),
  ADD CONSTRAINT "Payment_lease_whole" CHECK (("leaseOwner" IS NULL) = ("leaseUntil" IS NULL)),
  ADD CONSTRAINT "Payment_final_has_instant"
    CHECK ((state IN ('PAID', 'REJECTED', 'CANCELLED', 'EXPIRED')) = ("finalOn" IS NOT NULL)),
  ADD CONSTRAINT "Payment_open_has_next_action"
    CHECK ((state IN ('PAID', 'REJECTED', 'CANCELLED', 'EXPIRED')) = ("nextActionAt" IS NULL)),
  ADD CONSTRAINT "Payment_reason_where_needed"
    CHECK (state NOT IN ('BLOCKED', 'UNKNOWN', 'REJECTED', 'CANCELLED', 'EXPIRED') OR reason IS NOT NULL),
  ADD CONSTRAINT "Payment_known_to_the_bank"
    CHECK (state NOT IN ('INITIATED', 'CONFIRMING', 'AWAITING_APPROVAL', 'ACCEPTED', 'PAID') OR "bankPaymentId" IS NOT NULL);

ALTER TABLE "LedgerLine"
  ADD CONSTRAINT "LedgerLine_amount_not_zero" CHECK ("amountMinor" <> 0),
  ADD CONSTRAINT "LedgerLine_before_after" CHECK ("afterMinor" = "beforeMinor" + "amountMinor");

ALTER TABLE "LedgerBalance"
  ADD CONSTRAINT "LedgerBalance_not_negative" CHECK (bucket = 'OPEN' OR "balanceMinor" >= 0);

ALTER TABLE "BankCall"
  ADD CONSTRAINT "BankCall_bodies_bounded"
    CHECK (coalesce(length("requestBody"), 0) <= 20000 AND coalesce(length("responseBody"), 0) <= 20000);

-- ── The moves a payment may make ────────────────────────────────────────────────────────────────────────────────────

INSERT INTO "PaymentMove" ("from", "to") VALUES
  ('SCHEDULED', 'SENDING'), ('SCHEDULED', 'BLOCKED'), ('SCHEDULED', 'CANCELLED'),
  ('BLOCKED', 'SCHEDULED'), ('BLOCKED', 'CANCELLED'), ('BLOCKED', 'EXPIRED'),
  ('SENDING', 'INITIATED'), ('SENDING', 'UNKNOWN'), ('SENDING', 'REJECTED'), ('SENDING', 'SCHEDULED'), ('SENDING', 'BLOCKED'),
  ('INITIATED', 'CONFIRMING'), ('INITIATED', 'REJECTED'), ('INITIATED', 'CANCELLED'), ('INITIATED', 'EXPIRED'),
  ('CONFIRMING', 'INITIATED'), ('CONFIRMING', 'AWAITING_APPROVAL'), ('CONFIRMING', 'ACCEPTED'), ('CONFIRMING', 'PAID'),
  ('CONFIRMING', 'REJECTED'), ('CONFIRMING', 'CANCELLED'), ('CONFIRMING', 'EXPIRED'), ('CONFIRMING', 'UNKNOWN'),
  ('AWAITING_APPROVAL', 'ACCEPTED'), ('AWAITING_APPROVAL', 'PAID'), ('AWAITING_APPROVAL', 'REJECTED'),
  ('AWAITING_APPROVAL', 'CANCELLED'), ('AWAITING_APPROVAL', 'EXPIRED'), ('AWAITING_APPROVAL', 'UNKNOWN'),
  ('ACCEPTED', 'PAID'), ('ACCEPTED', 'REJECTED'), ('ACCEPTED', 'CANCELLED'), ('ACCEPTED', 'EXPIRED'), ('ACCEPTED', 'UNKNOWN'),
  ('UNKNOWN', 'SENDING'), ('UNKNOWN', 'INITIATED'), ('UNKNOWN', 'CONFIRMING'), ('UNKNOWN', 'AWAITING_APPROVAL'), ('UNKNOWN', 'ACCEPTED'),
  ('UNKNOWN', 'PAID'), ('UNKNOWN', 'REJECTED'), ('UNKNOWN', 'CANCELLED'), ('UNKNOWN', 'EXPIRED');

CREATE FUNCTION payment_moves_by_the_table() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.state <> 'SCHEDULED' THEN
      RAISE EXCEPTION 'a payment begins scheduled, not %', NEW.state USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_moves';
    END IF;
    RETURN NEW;
  END IF;
  IF NEW.state <> OLD.state
     AND NOT EXISTS (SELECT 1 FROM "PaymentMove" m WHERE m."from" = OLD.state AND m."to" = NEW.state) THEN
    RAISE EXCEPTION 'a payment cannot move from % to %', OLD.state, NEW.state USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_moves';
  END IF;
  IF (NEW."externalId", NEW.reference, NEW."userId", NEW.kind, NEW.currency)
     IS DISTINCT FROM (OLD."externalId", OLD.reference, OLD."userId", OLD.kind, OLD.currency) THEN
    RAISE EXCEPTION 'what identifies a payment never changes' USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_identity';
  END IF;
  IF OLD.state NOT IN ('SCHEDULED', 'BLOCKED')
     AND (NEW."amountMinor", NEW."debtorAccountId", NEW."creditorAccountId")
         IS DISTINCT FROM (OLD."amountMinor", OLD."debtorAccountId", OLD."creditorAccountId") THEN
    RAISE EXCEPTION 'amount and accounts are settled once a payment is being sent' USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_order_is_settled';
  END IF;
  IF OLD."bankPaymentId" IS NOT NULL AND NEW."bankPaymentId" IS DISTINCT FROM OLD."bankPaymentId" THEN
    RAISE EXCEPTION 'a payment keeps the bank order it has' USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_bank_order';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER "Payment_moves" BEFORE INSERT OR UPDATE ON "Payment"
  FOR EACH ROW EXECUTE FUNCTION payment_moves_by_the_table();

-- ── A payment is the sum of its check-offs ──────────────────────────────────────────────────────────────────────────

CREATE FUNCTION payment_is_the_sum(payment_id uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  payment record;
  total bigint;
BEGIN
  SELECT kind, state, "amountMinor" INTO payment FROM "Payment" WHERE id = payment_id;
  IF NOT FOUND OR payment.kind <> 'SAVING' OR payment.state IN ('REJECTED', 'CANCELLED', 'EXPIRED') THEN
    RETURN;
  END IF;
  SELECT coalesce(sum("amountMinor"), 0) INTO total FROM "CheckOff" WHERE "paymentId" = payment_id AND state = 'RECORDED';
  IF total <> payment."amountMinor" THEN
    RAISE EXCEPTION 'payment % is % but its check-offs are %', payment_id, payment."amountMinor", total
      USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_is_the_sum_of_its_check_offs';
  END IF;
END $$;

CREATE FUNCTION payment_sum_after_payment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM payment_is_the_sum(NEW.id);
  RETURN NULL;
END $$;

-- A check-off that is moved from one payment to another concerns both.
CREATE FUNCTION payment_sum_after_check_off() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM payment_is_the_sum(NEW."paymentId");
  IF TG_OP = 'UPDATE' AND OLD."paymentId" IS DISTINCT FROM NEW."paymentId" THEN
    PERFORM payment_is_the_sum(OLD."paymentId");
  END IF;
  RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER "Payment_sum" AFTER INSERT OR UPDATE OF "amountMinor" ON "Payment"
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payment_sum_after_payment();
CREATE CONSTRAINT TRIGGER "CheckOff_sum" AFTER INSERT OR UPDATE ON "CheckOff"
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payment_sum_after_check_off();

-- What a check-off says it pays never changes; only its state, and the payment that carries it.
CREATE FUNCTION check_off_is_settled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW."userId", NEW."habitId", NEW."habitVersionId", NEW.day, NEW.at, NEW.timezone, NEW."dayStartHour", NEW.period, NEW.slot,
      NEW."daySlot", NEW."amountMinor", NEW.currency)
     IS DISTINCT FROM
     (OLD."userId", OLD."habitId", OLD."habitVersionId", OLD.day, OLD.at, OLD.timezone, OLD."dayStartHour", OLD.period, OLD.slot,
      OLD."daySlot", OLD."amountMinor", OLD.currency)
     OR (OLD.state = 'UNDONE' AND (NEW.state, NEW."undoneAt") IS DISTINCT FROM (OLD.state, OLD."undoneAt")) THEN
    RAISE EXCEPTION 'a check-off is not rewritten' USING ERRCODE = 'check_violation', CONSTRAINT = 'check_off_is_settled';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER "CheckOff_settled" BEFORE UPDATE ON "CheckOff" FOR EACH ROW EXECUTE FUNCTION check_off_is_settled();

-- ── Double entry: an entry adds up to nothing ───────────────────────────────────────────────────────────────────────

CREATE FUNCTION ledger_entry_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT sum("amountMinor") FROM "LedgerLine" WHERE "entryId" = NEW."entryId") <> 0
     OR (SELECT count(DISTINCT currency) FROM "LedgerLine" WHERE "entryId" = NEW."entryId") <> 1 THEN
    RAISE EXCEPTION 'ledger entry % does not add up', NEW."entryId" USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entry_adds_up';
  END IF;
  RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER "LedgerLine_adds_up" AFTER INSERT ON "LedgerLine"
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_entry_adds_up();

-- ── History is only ever added to ───────────────────────────────────────────────────────────────────────────────────

CREATE FUNCTION history_is_only_added_to() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% rows are never changed or removed', TG_TABLE_NAME USING ERRCODE = 'check_violation', CONSTRAINT = 'history_is_only_added_to';
END $$;

CREATE TRIGGER "PaymentEvent_append_only" BEFORE UPDATE OR DELETE OR TRUNCATE ON "PaymentEvent"
  FOR EACH STATEMENT EXECUTE FUNCTION history_is_only_added_to();
CREATE TRIGGER "LedgerLine_append_only" BEFORE UPDATE OR DELETE OR TRUNCATE ON "LedgerLine"
  FOR EACH STATEMENT EXECUTE FUNCTION history_is_only_added_to();
CREATE TRIGGER "AuditEvent_append_only" BEFORE UPDATE OR DELETE OR TRUNCATE ON "AuditEvent"
  FOR EACH STATEMENT EXECUTE FUNCTION history_is_only_added_to();
CREATE TRIGGER "PaymentMove_settled" BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON "PaymentMove"
  FOR EACH STATEMENT EXECUTE FUNCTION history_is_only_added_to();

-- A check-off is undone, never removed; what a version of a habit asked and paid stays what it was.
CREATE TRIGGER "CheckOff_kept" BEFORE DELETE OR TRUNCATE ON "CheckOff"
  FOR EACH STATEMENT EXECUTE FUNCTION history_is_only_added_to();
CREATE TRIGGER "Payment_kept" BEFORE DELETE OR TRUNCATE ON "Payment"
  FOR EACH STATEMENT EXECUTE FUNCTION history_is_only_added_to();
CREATE TRIGGER "HabitVersion_settled" BEFORE UPDATE OR TRUNCATE ON "HabitVersion"
  FOR EACH STATEMENT EXECUTE FUNCTION history_is_only_added_to();
