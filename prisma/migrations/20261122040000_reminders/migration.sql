-- CreateEnum
CREATE TYPE "ReminderKind" AS ENUM ('HABITS', 'DIGEST');

-- AlterTable
ALTER TABLE "JobRun" ADD COLUMN     "remark" TEXT,
ADD COLUMN     "remarkedOn" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "ReminderWish" (
    "userId" UUID NOT NULL,
    "byMail" BOOLEAN NOT NULL DEFAULT false,
    "mostPerDay" SMALLINT NOT NULL DEFAULT 3,
    "digestWeekday" SMALLINT,
    "nextDigestAt" TIMESTAMPTZ(3),
    "tellsAmounts" BOOLEAN NOT NULL DEFAULT false,
    "changedOn" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "ReminderWish_pkey" PRIMARY KEY ("userId")
);

-- CreateTable
CREATE TABLE "HabitReminder" (
    "habitId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "minuteOfDay" SMALLINT NOT NULL,
    "nextAt" TIMESTAMPTZ(3),
    "lastDay" DATE,

    CONSTRAINT "HabitReminder_pkey" PRIMARY KEY ("habitId")
);

-- CreateTable
CREATE TABLE "Reminder" (
    "id" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "kind" "ReminderKind" NOT NULL,
    "day" DATE NOT NULL,
    "minuteOfDay" SMALLINT NOT NULL,
    "dueAt" TIMESTAMPTZ(3) NOT NULL,
    "habitIds" UUID[],
    "madeOn" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "Reminder_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "PushSubscription" (
    "id" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "hashedEndpoint" TEXT NOT NULL,
    "service" TEXT NOT NULL,
    "label" TEXT NOT NULL,
    "targetSealed" BYTEA NOT NULL,
    "createdOn" TIMESTAMPTZ(3) NOT NULL,
    "lastOkOn" TIMESTAMPTZ(3),
    "failures" SMALLINT NOT NULL DEFAULT 0,

    CONSTRAINT "PushSubscription_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "ReminderWish_next_digest" ON "ReminderWish"("nextDigestAt") WHERE ("digestWeekday" IS NOT NULL);

-- CreateIndex
CREATE INDEX "HabitReminder_nextAt_idx" ON "HabitReminder"("nextAt");

-- CreateIndex
CREATE INDEX "HabitReminder_userId_idx" ON "HabitReminder"("userId");

-- CreateIndex
CREATE INDEX "Reminder_madeOn_idx" ON "Reminder"("madeOn");

-- CreateIndex
CREATE UNIQUE INDEX "Reminder_userId_kind_day_minuteOfDay_key" ON "Reminder"("userId", "kind", "day", "minuteOfDay");

-- CreateIndex
CREATE UNIQUE INDEX "PushSubscription_hashedEndpoint_key" ON "PushSubscription"("hashedEndpoint");

-- CreateIndex
CREATE INDEX "PushSubscription_userId_idx" ON "PushSubscription"("userId");

-- AddForeignKey
ALTER TABLE "ReminderWish" ADD CONSTRAINT "ReminderWish_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "HabitReminder" ADD CONSTRAINT "HabitReminder_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "HabitReminder" ADD CONSTRAINT "HabitReminder_habitId_userId_fkey" FOREIGN KEY ("habitId", "userId") REFERENCES "Habit"("id", "userId") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Reminder" ADD CONSTRAINT "Reminder_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "PushSubscription" ADD CONSTRAINT "PushSubscription_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "ReminderWish"
  ADD CONSTRAINT "ReminderWish_some_a_day" CHECK ("mostPerDay" BETWEEN 1 AND 10),
  ADD CONSTRAINT "ReminderWish_on_a_weekday" CHECK ("digestWeekday" BETWEEN 1 AND 7),
  ADD CONSTRAINT "ReminderWish_next_of_some" CHECK ("digestWeekday" IS NOT NULL OR "nextDigestAt" IS NULL);

ALTER TABLE "HabitReminder"
  ADD CONSTRAINT "HabitReminder_at_a_quarter" CHECK ("minuteOfDay" BETWEEN 0 AND 1425 AND "minuteOfDay" % 15 = 0);

ALTER TABLE "Reminder"
  ADD CONSTRAINT "Reminder_about_something" CHECK (kind <> 'HABITS' OR cardinality("habitIds") > 0),
  ADD CONSTRAINT "Reminder_never_early" CHECK ("madeOn" >= "dueAt"),
  ADD CONSTRAINT "Reminder_never_stale" CHECK ("madeOn" <= "dueAt" + interval '2 hours');

ALTER TABLE "PushSubscription"
  ADD CONSTRAINT "PushSubscription_hash" CHECK ("hashedEndpoint" ~ '^[0-9a-f]{64}$'),
  ADD CONSTRAINT "PushSubscription_counts_failures" CHECK (failures >= 0);

CREATE TRIGGER "ReminderWish_of_open_account" BEFORE INSERT ON "ReminderWish"
  FOR EACH ROW EXECUTE FUNCTION closed_accounts_get_nothing();
CREATE TRIGGER "HabitReminder_of_open_account" BEFORE INSERT ON "HabitReminder"
  FOR EACH ROW EXECUTE FUNCTION closed_accounts_get_nothing();
CREATE TRIGGER "Reminder_of_open_account" BEFORE INSERT ON "Reminder"
  FOR EACH ROW EXECUTE FUNCTION closed_accounts_get_nothing();
CREATE TRIGGER "PushSubscription_of_open_account" BEFORE INSERT ON "PushSubscription"
  FOR EACH ROW EXECUTE FUNCTION closed_accounts_get_nothing();

-- Never more reminders on a day than were asked for, and none that nobody has asked for.
CREATE FUNCTION reminders_are_few() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  most int;
BEGIN
  SELECT "mostPerDay" INTO most FROM "ReminderWish" WHERE "userId" = NEW."userId" FOR UPDATE;
  IF most IS NULL OR most <= (
    SELECT count(*) FROM "Reminder" WHERE "userId" = NEW."userId" AND kind = 'HABITS' AND day = NEW.day
  ) THEN
    RAISE EXCEPTION 'no more reminders on that day' USING ERRCODE = 'check_violation', CONSTRAINT = 'reminders_are_few';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER "Reminder_is_one_of_few" BEFORE INSERT ON "Reminder"
  FOR EACH ROW WHEN (NEW.kind = 'HABITS') EXECUTE FUNCTION reminders_are_few();

-- A browser that somebody else has signed in with since moves to them; a saver has ten at most.
CREATE FUNCTION push_subscriptions_are_few() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM "User" WHERE id = NEW."userId" FOR NO KEY UPDATE;
  IF (SELECT count(*) FROM "PushSubscription" WHERE "userId" = NEW."userId") >= 10 THEN
    RAISE EXCEPTION 'there are ten devices' USING ERRCODE = 'check_violation', CONSTRAINT = 'push_subscriptions_are_few';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER "PushSubscription_is_one_of_few" BEFORE INSERT ON "PushSubscription"
  FOR EACH ROW EXECUTE FUNCTION push_subscriptions_are_few();

-- Whoever changes the clock that a saver lives by makes all that is reckoned by it be reckoned anew.
CREATE FUNCTION reminders_follow_the_clock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE "HabitReminder" SET "nextAt" = NULL WHERE "userId" = NEW.id;
  UPDATE "ReminderWish" SET "nextDigestAt" = NULL WHERE "userId" = NEW.id;
  RETURN NULL;
END $$;

CREATE TRIGGER "User_clock_of_reminders" AFTER UPDATE OF timezone, "dayStartHour" ON "User"
  FOR EACH ROW WHEN (NEW.timezone <> OLD.timezone OR NEW."dayStartHour" <> OLD."dayStartHour")
  EXECUTE FUNCTION reminders_follow_the_clock();

-- Nobody is reminded of a habit that has ended.
CREATE FUNCTION ended_habits_are_not_reminded_of() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM "HabitReminder" WHERE "habitId" = NEW.id;
  RETURN NULL;
END $$;

CREATE TRIGGER "Habit_without_reminder" AFTER UPDATE OF "archivedOn" ON "Habit"
  FOR EACH ROW WHEN (NEW."archivedOn" IS NOT NULL) EXECUTE FUNCTION ended_habits_are_not_reminded_of();
