-- How often what a saver's pages show has changed. Whoever has kept something that was worked out from it can tell by one
-- number, read with the session, whether it still holds (docs/decisions/0048).

CREATE TABLE "SaverRevision" (
    "userId" UUID NOT NULL,
    "revision" BIGINT NOT NULL,

    CONSTRAINT "SaverRevision_pkey" PRIMARY KEY ("userId")
);

ALTER TABLE "SaverRevision" ADD CONSTRAINT "SaverRevision_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "SaverRevision" ADD CONSTRAINT "SaverRevision_counts" CHECK (revision > 0);

-- Once a transaction, at its end: the row is held while it is written down and no longer, and nothing else is waited for
-- while it is held. Nobody sees a change without its new number, or the number without the change.
CREATE FUNCTION note_change_of(saver uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('sparvana.noted', true) = saver::text THEN
    RETURN;
  END IF;
  UPDATE "SaverRevision" SET revision = revision + 1 WHERE "userId" = saver;
  IF NOT FOUND THEN
    -- Of somebody who goes with this very transaction nothing is noted.
    INSERT INTO "SaverRevision" ("userId", revision) SELECT id, 1 FROM "User" WHERE id = saver
      ON CONFLICT ("userId") DO UPDATE SET revision = "SaverRevision".revision + 1;
  END IF;
  PERFORM set_config('sparvana.noted', saver::text, true);
END $$;

-- As the owner, both: who changes a habit needs no right to the numbers.
CREATE FUNCTION what_a_saver_sees_has_changed() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    PERFORM note_change_of(OLD."userId");
  END IF;
  IF TG_OP = 'INSERT' OR (TG_OP = 'UPDATE' AND NEW."userId" <> OLD."userId") THEN
    PERFORM note_change_of(NEW."userId");
  END IF;
  RETURN NULL;
END $$;

-- With a habit that is gone goes what belonged to it, and its own row has been noted.
CREATE FUNCTION what_belongs_to_a_habit_has_changed() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    PERFORM note_change_of("userId") FROM "Habit" WHERE id = OLD."habitId";
  END IF;
  IF TG_OP = 'INSERT' OR (TG_OP = 'UPDATE' AND NEW."habitId" <> OLD."habitId") THEN
    PERFORM note_change_of("userId") FROM "Habit" WHERE id = NEW."habitId";
  END IF;
  RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER "Habit_is_noted" AFTER INSERT OR UPDATE OR DELETE ON "Habit"
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION what_a_saver_sees_has_changed();
CREATE CONSTRAINT TRIGGER "HabitBreak_is_noted" AFTER INSERT OR UPDATE OR DELETE ON "HabitBreak"
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION what_a_saver_sees_has_changed();
CREATE CONSTRAINT TRIGGER "CheckOff_is_noted" AFTER INSERT OR UPDATE OR DELETE ON "CheckOff"
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION what_a_saver_sees_has_changed();
CREATE CONSTRAINT TRIGGER "LedgerBalance_is_noted" AFTER INSERT OR UPDATE OR DELETE ON "LedgerBalance"
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION what_a_saver_sees_has_changed();
CREATE CONSTRAINT TRIGGER "Goal_is_noted" AFTER INSERT OR UPDATE OR DELETE ON "Goal"
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION what_a_saver_sees_has_changed();
CREATE CONSTRAINT TRIGGER "GoalHabit_is_noted" AFTER INSERT OR UPDATE OR DELETE ON "GoalHabit"
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION what_a_saver_sees_has_changed();
CREATE CONSTRAINT TRIGGER "GoalUse_is_noted" AFTER INSERT OR UPDATE OR DELETE ON "GoalUse"
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION what_a_saver_sees_has_changed();
CREATE CONSTRAINT TRIGGER "HabitVersion_is_noted" AFTER INSERT OR UPDATE OR DELETE ON "HabitVersion"
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION what_belongs_to_a_habit_has_changed();
CREATE CONSTRAINT TRIGGER "HabitCheckpoint_is_noted" AFTER INSERT OR UPDATE OR DELETE ON "HabitCheckpoint"
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION what_belongs_to_a_habit_has_changed();

-- Who holds a payment and when it is looked at again is seen by nobody; that changes far more often than the rest.
CREATE CONSTRAINT TRIGGER "Payment_is_noted" AFTER INSERT OR DELETE
    OR UPDATE OF "userId", kind, state, reason, "approvalUrl", "amountMinor", currency, "isBatch", "createdOn", "dueAt", "finalOn"
    ON "Payment"
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION what_a_saver_sees_has_changed();
CREATE CONSTRAINT TRIGGER "BankConsent_is_noted" AFTER INSERT OR DELETE
    OR UPDATE OF "userId", profile, scopes, "expiresAt", "revokedAt" ON "BankConsent"
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION what_a_saver_sees_has_changed();
