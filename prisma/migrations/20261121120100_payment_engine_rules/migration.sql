-- Rules of what the payment engine has learned: limits, batches, reversals, the stop.

-- ── Bounds ──────────────────────────────────────────────────────────────────────────────────────────────────────────

ALTER TABLE "SavingLimits"
  ADD CONSTRAINT "SavingLimits_caps_positive" CHECK ("capPerPaymentMinor" > 0 AND "capPerDayMinor" > 0 AND "capPerMonthMinor" > 0),
  ADD CONSTRAINT "SavingLimits_floor_not_negative" CHECK ("floorMinor" >= 0),
  ADD CONSTRAINT "SavingLimits_not_backdated" CHECK ("effectiveFrom" >= "createdOn"),
  ADD CONSTRAINT "SavingLimits_withdrawn_before_it_began"
    CHECK ("withdrawnOn" IS NULL OR "withdrawnOn" <= "effectiveFrom");

ALTER TABLE "CheckOff"
  ADD CONSTRAINT "CheckOff_pays_or_only_records" CHECK ("recordOnly" = ("paymentId" IS NULL)),
  ADD CONSTRAINT "CheckOff_brought_back_is_undone"
    CHECK ("reversalId" IS NULL OR (state = 'UNDONE' AND "paymentId" IS NOT NULL AND "reversalId" <> "paymentId"));

ALTER TABLE "PaymentStop"
  ADD CONSTRAINT "PaymentStop_reason_length" CHECK (length(reason) BETWEEN 1 AND 300),
  ADD CONSTRAINT "PaymentStop_ends_later" CHECK ("endedOn" IS NULL OR "endedOn" >= "startedOn");

ALTER TABLE "BankGate"
  ADD CONSTRAINT "BankGate_failures_not_negative" CHECK (failures >= 0);

-- ── Limits are history: a row is withdrawn at most once and otherwise never changed ─────────────────────────────────

CREATE FUNCTION saving_limits_are_settled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.id, NEW."userId", NEW."effectiveFrom", NEW."capPerPaymentMinor", NEW."capPerDayMinor", NEW."capPerMonthMinor",
      NEW."floorMinor", NEW."createdOn")
     IS DISTINCT FROM
     (OLD.id, OLD."userId", OLD."effectiveFrom", OLD."capPerPaymentMinor", OLD."capPerDayMinor", OLD."capPerMonthMinor",
      OLD."floorMinor", OLD."createdOn")
     OR OLD."withdrawnOn" IS NOT NULL THEN
    RAISE EXCEPTION 'limits are not rewritten' USING ERRCODE = 'check_violation', CONSTRAINT = 'saving_limits_are_settled';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER "SavingLimits_settled" BEFORE UPDATE ON "SavingLimits"
  FOR EACH ROW EXECUTE FUNCTION saving_limits_are_settled();

-- ── While payments are stopped, nothing is sent and nothing confirmed ───────────────────────────────────────────────

-- Asking about what is already at the bank goes on, and so do the moves that its answers mean.
CREATE FUNCTION payments_are_not_stopped() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.state = 'SENDING' OR (OLD.state = 'INITIATED' AND NEW.state = 'CONFIRMING'))
     AND NEW.state <> OLD.state
     AND EXISTS (SELECT 1 FROM "PaymentStop" WHERE "endedOn" IS NULL) THEN
    RAISE EXCEPTION 'all payments are stopped' USING ERRCODE = 'check_violation', CONSTRAINT = 'payments_are_stopped';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER "Payment_not_stopped" BEFORE UPDATE OF state ON "Payment"
  FOR EACH ROW EXECUTE FUNCTION payments_are_not_stopped();

-- ── A payment is the sum of its check-offs, whichever way the money goes ────────────────────────────────────────────

-- A saving carries its live check-offs, and those whose money is brought back by another payment; a reversal carries those
-- that it brings back.
CREATE OR REPLACE FUNCTION payment_is_the_sum(payment_id uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  payment record;
  total bigint;
BEGIN
  SELECT kind, state, "amountMinor" INTO payment FROM "Payment" WHERE id = payment_id;
  IF NOT FOUND OR payment.state IN ('REJECTED', 'CANCELLED', 'EXPIRED') THEN
    RETURN;
  END IF;
  IF payment.kind = 'SAVING' THEN
    SELECT coalesce(sum("amountMinor"), 0) INTO total FROM "CheckOff"
      WHERE "paymentId" = payment_id AND (state = 'RECORDED' OR "reversalId" IS NOT NULL);
  ELSE
    SELECT coalesce(sum("amountMinor"), 0) INTO total FROM "CheckOff" WHERE "reversalId" = payment_id;
  END IF;
  IF total <> payment."amountMinor" THEN
    RAISE EXCEPTION 'payment % is % but its check-offs are %', payment_id, payment."amountMinor", total
      USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_is_the_sum_of_its_check_offs';
  END IF;
END $$;

CREATE OR REPLACE FUNCTION payment_sum_after_check_off() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM payment_is_the_sum(NEW."paymentId");
  PERFORM payment_is_the_sum(NEW."reversalId");
  IF TG_OP = 'UPDATE' AND OLD."paymentId" IS DISTINCT FROM NEW."paymentId" THEN
    PERFORM payment_is_the_sum(OLD."paymentId");
  END IF;
  IF TG_OP = 'UPDATE' AND OLD."reversalId" IS DISTINCT FROM NEW."reversalId" THEN
    PERFORM payment_is_the_sum(OLD."reversalId");
  END IF;
  RETURN NULL;
END $$;

-- ── A check-off changes its payment only while no money moves for it, and what it is never changes ──────────────────

CREATE OR REPLACE FUNCTION check_off_is_settled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW."userId", NEW."habitId", NEW."habitVersionId", NEW.day, NEW.at, NEW.timezone, NEW."dayStartHour", NEW.period, NEW.slot,
      NEW."daySlot", NEW."amountMinor", NEW.currency, NEW."isBackfill", NEW."recordOnly")
     IS DISTINCT FROM
     (OLD."userId", OLD."habitId", OLD."habitVersionId", OLD.day, OLD.at, OLD.timezone, OLD."dayStartHour", OLD.period, OLD.slot,
      OLD."daySlot", OLD."amountMinor", OLD.currency, OLD."isBackfill", OLD."recordOnly")
     OR (OLD.state = 'UNDONE' AND (NEW.state, NEW."undoneAt") IS DISTINCT FROM (OLD.state, OLD."undoneAt")) THEN
    RAISE EXCEPTION 'a check-off is not rewritten' USING ERRCODE = 'check_violation', CONSTRAINT = 'check_off_is_settled';
  END IF;
  IF NEW."paymentId" IS DISTINCT FROM OLD."paymentId"
     AND NOT EXISTS (SELECT 1 FROM "Payment" WHERE id = OLD."paymentId" AND state IN ('REJECTED', 'CANCELLED', 'EXPIRED')) THEN
    RAISE EXCEPTION 'a check-off keeps its payment while that may still move money' USING ERRCODE = 'check_violation', CONSTRAINT = 'check_off_keeps_its_payment';
  END IF;
  IF NEW."reversalId" IS DISTINCT FROM OLD."reversalId" AND NOT (
       EXISTS (SELECT 1 FROM "Payment" WHERE id = NEW."paymentId" AND state = 'PAID')
       AND EXISTS (SELECT 1 FROM "Payment" WHERE id = NEW."reversalId" AND kind = 'REVERSAL')
       AND (OLD."reversalId" IS NULL
            OR EXISTS (SELECT 1 FROM "Payment" WHERE id = OLD."reversalId" AND state IN ('REJECTED', 'CANCELLED', 'EXPIRED')))) THEN
    RAISE EXCEPTION 'what was paid is brought back by one payment at a time' USING ERRCODE = 'check_violation', CONSTRAINT = 'check_off_is_brought_back_once';
  END IF;
  RETURN NEW;
END $$;
