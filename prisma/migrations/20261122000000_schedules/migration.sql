-- Schedules of three kinds, breaks, notes, and what is kept of streaks so that they need not be counted from the beginning.

-- CreateEnum
CREATE TYPE "ScheduleKind" AS ENUM ('TIMES', 'WEEKDAYS', 'ROLLING');

-- CreateEnum
CREATE TYPE "BreakKind" AS ENUM ('PAUSE', 'SICK', 'VACATION', 'SKIP', 'ARCHIVED');

-- AlterTable
ALTER TABLE "Habit" ADD COLUMN     "committedUntil" DATE,
ADD COLUMN     "endDate" DATE,
ADD COLUMN     "isCommitted" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "isPinned" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "position" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "tags" TEXT[] DEFAULT ARRAY[]::TEXT[];

-- AlterTable
ALTER TABLE "HabitVersion" ADD COLUMN     "freezesPerMonth" SMALLINT NOT NULL DEFAULT 0,
ADD COLUMN     "kind" "ScheduleKind" NOT NULL DEFAULT 'TIMES',
ADD COLUMN     "weekdays" SMALLINT NOT NULL DEFAULT 0;

-- CreateTable
CREATE TABLE "HabitBreak" (
    "id" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "habitId" UUID,
    "kind" "BreakKind" NOT NULL,
    "startDay" DATE NOT NULL,
    "endDay" DATE,
    "createdOn" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "HabitBreak_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "HabitNote" (
    "id" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "habitId" UUID NOT NULL,
    "day" DATE NOT NULL,
    "text" TEXT NOT NULL,
    "writtenOn" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "HabitNote_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "HabitCheckpoint" (
    "habitId" UUID NOT NULL,
    "through" DATE NOT NULL,
    "weekStart" SMALLINT NOT NULL,
    "streak" INTEGER NOT NULL,
    "best" INTEGER NOT NULL,
    "strength" DOUBLE PRECISION NOT NULL,
    "month" INTEGER NOT NULL,
    "freezesUsed" SMALLINT NOT NULL,

    CONSTRAINT "HabitCheckpoint_pkey" PRIMARY KEY ("habitId")
);

-- CreateIndex
CREATE INDEX "HabitBreak_userId_startDay_idx" ON "HabitBreak"("userId", "startDay");

-- CreateIndex
CREATE INDEX "HabitBreak_habitId_idx" ON "HabitBreak"("habitId");

-- CreateIndex
CREATE UNIQUE INDEX "HabitBreak_one_skip_a_day" ON "HabitBreak"("habitId", "startDay") WHERE (kind = 'SKIP'::"BreakKind");

-- CreateIndex
CREATE INDEX "HabitNote_userId_idx" ON "HabitNote"("userId");

-- CreateIndex
CREATE UNIQUE INDEX "HabitNote_habitId_day_key" ON "HabitNote"("habitId", "day");

-- AddForeignKey
ALTER TABLE "HabitBreak" ADD CONSTRAINT "HabitBreak_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "HabitBreak" ADD CONSTRAINT "HabitBreak_habitId_userId_fkey" FOREIGN KEY ("habitId", "userId") REFERENCES "Habit"("id", "userId") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "HabitNote" ADD CONSTRAINT "HabitNote_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "HabitNote" ADD CONSTRAINT "HabitNote_habitId_userId_fkey" FOREIGN KEY ("habitId", "userId") REFERENCES "Habit"("id", "userId") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "HabitCheckpoint" ADD CONSTRAINT "HabitCheckpoint_habitId_fkey" FOREIGN KEY ("habitId") REFERENCES "Habit"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- ── Bounds ──────────────────────────────────────────────────────────────────────────────────────────────────────────

ALTER TABLE "HabitVersion"
  ADD CONSTRAINT "HabitVersion_weekdays_of_their_kind"
    CHECK (CASE kind WHEN 'WEEKDAYS' THEN weekdays BETWEEN 1 AND 127 AND "interval" = 1 ELSE weekdays = 0 END),
  ADD CONSTRAINT "HabitVersion_rolling_once_a_day"
    CHECK (kind <> 'ROLLING' OR ("interval" >= 2 AND frequency <= "interval")),
  ADD CONSTRAINT "HabitVersion_freezes_range" CHECK ("freezesPerMonth" BETWEEN 0 AND 4);

-- Tags are joined by line ends to be looked at, because a CHECK can't go through a list.
ALTER TABLE "Habit"
  ADD CONSTRAINT "Habit_ends_after_it_starts" CHECK ("endDate" >= "startDate"),
  ADD CONSTRAINT "Habit_position_not_negative" CHECK (position >= 0),
  ADD CONSTRAINT "Habit_committed_until_of_committed" CHECK ("committedUntil" IS NULL OR "isCommitted"),
  ADD CONSTRAINT "Habit_tags_bounded" CHECK (
    tags IS NOT NULL AND cardinality(tags) <= 8 AND array_position(tags, NULL) IS NULL
    AND (cardinality(tags) = 0 OR (
      array_to_string(tags, E'\n') ~ '^[^\n]{1,30}(\n[^\n]{1,30})*$'
      AND length(array_to_string(tags, E'\n')) - length(replace(array_to_string(tags, E'\n'), E'\n', '')) = cardinality(tags) - 1)));

-- The saver's own day may be the one before or after that of UTC.
ALTER TABLE "HabitBreak"
  ADD CONSTRAINT "HabitBreak_ends_after_it_starts" CHECK ("endDay" >= "startDay"),
  ADD CONSTRAINT "HabitBreak_skip_is_one_day"
    CHECK (kind <> 'SKIP' OR ("habitId" IS NOT NULL AND "endDay" IS NOT DISTINCT FROM "startDay")),
  ADD CONSTRAINT "HabitBreak_archive_is_of_one_habit" CHECK (kind <> 'ARCHIVED' OR ("habitId" IS NOT NULL AND "endDay" IS NOT NULL)),
  ADD CONSTRAINT "HabitBreak_only_illness_reaches_back"
    CHECK (kind = 'ARCHIVED' OR "startDay" >= ("createdOn" AT TIME ZONE 'UTC')::date - CASE kind WHEN 'SICK' THEN 32 ELSE 1 END);

ALTER TABLE "HabitNote"
  ADD CONSTRAINT "HabitNote_text_length" CHECK (length(text) BETWEEN 1 AND 500);

ALTER TABLE "HabitCheckpoint"
  ADD CONSTRAINT "HabitCheckpoint_counts" CHECK (streak >= 0 AND best >= streak AND "freezesUsed" BETWEEN 0 AND 4),
  ADD CONSTRAINT "HabitCheckpoint_strength_range" CHECK (strength BETWEEN 0 AND 1);

-- Habits keep the order they were made in until somebody moves them.
UPDATE "Habit" h SET position = o.place
  FROM (SELECT id, row_number() OVER (PARTITION BY "userId" ORDER BY "createdOn", id) - 1 AS place FROM "Habit") o
  WHERE o.id = h.id;

-- ── Where a check-off has a place ───────────────────────────────────────────────────────────────────────────────────

-- Whoever comes at the same moment waits for the habit's row, and then sees what the other one has done. A place that isn't
-- there is refused as one that is taken is, so that whoever asked looks again and finds out why.
CREATE FUNCTION check_off_has_a_place() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  habit record;
  terms record;
  fullest bigint;
BEGIN
  IF NEW.state <> 'RECORDED' THEN
    RETURN NEW;
  END IF;
  SELECT "userId", "startDate", "endDate", "archivedOn" INTO habit FROM "Habit" WHERE id = NEW."habitId" FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN NEW;
  END IF;
  SELECT kind, frequency, "interval", weekdays INTO terms FROM "HabitVersion" WHERE id = NEW."habitVersionId";
  IF habit."archivedOn" IS NOT NULL OR NEW.day < habit."startDate" OR NEW.day > habit."endDate" THEN
    RAISE EXCEPTION 'the habit is not there on %', NEW.day USING ERRCODE = 'unique_violation', CONSTRAINT = 'CheckOff_while_habit_lives';
  END IF;
  IF EXISTS (SELECT 1 FROM "HabitBreak" b
             WHERE b."userId" = habit."userId" AND (b."habitId" IS NULL OR b."habitId" = NEW."habitId")
               AND b."startDay" <= NEW.day AND coalesce(b."endDay", NEW.day) >= NEW.day) THEN
    RAISE EXCEPTION 'the habit has a break on %', NEW.day USING ERRCODE = 'unique_violation', CONSTRAINT = 'CheckOff_not_in_a_break';
  END IF;
  IF terms.kind = 'WEEKDAYS' AND (terms.weekdays >> (extract(isodow FROM NEW.day)::int - 1)) & 1 = 0 THEN
    RAISE EXCEPTION 'nothing is asked on %', NEW.day USING ERRCODE = 'unique_violation', CONSTRAINT = 'CheckOff_on_a_chosen_weekday';
  END IF;
  IF terms.kind = 'ROLLING' THEN
    SELECT max(held) INTO fullest FROM (
      SELECT (SELECT count(*) FROM "CheckOff" c
              WHERE c."habitId" = NEW."habitId" AND c.state = 'RECORDED'
                AND c.day BETWEEN NEW.day + ahead - terms."interval" + 1 AND NEW.day + ahead) AS held
      FROM generate_series(0, terms."interval" - 1) AS ahead) windows;
    IF fullest >= terms.frequency
       OR EXISTS (SELECT 1 FROM "CheckOff" c WHERE c."habitId" = NEW."habitId" AND c.state = 'RECORDED' AND c.day = NEW.day) THEN
      RAISE EXCEPTION 'the days in a row around % hold enough', NEW.day USING ERRCODE = 'unique_violation', CONSTRAINT = 'CheckOff_rolling';
    END IF;
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER "CheckOff_has_a_place" BEFORE INSERT ON "CheckOff" FOR EACH ROW EXECUTE FUNCTION check_off_has_a_place();

-- ── A checkpoint holds only while nothing before it changes ─────────────────────────────────────────────────────────

-- The row of the habit is held first: who is working out a checkpoint holds it too, and reads only once this is done.
CREATE FUNCTION checkpoint_after_check_off() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.state = OLD.state THEN
    RETURN NULL;
  END IF;
  PERFORM 1 FROM "Habit" WHERE id = NEW."habitId" FOR NO KEY UPDATE;
  DELETE FROM "HabitCheckpoint" WHERE "habitId" = NEW."habitId" AND through >= NEW.day;
  RETURN NULL;
END $$;

CREATE TRIGGER "CheckOff_checkpoint" AFTER INSERT OR UPDATE OF state ON "CheckOff"
  FOR EACH ROW EXECUTE FUNCTION checkpoint_after_check_off();

-- A break that is being added makes check-offs of its habits wait, which then see it.
CREATE FUNCTION checkpoint_before_break() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  changed record;
  reaches date;
BEGIN
  IF TG_OP = 'INSERT' THEN
    changed := NEW;
    reaches := NEW."startDay";
  ELSIF TG_OP = 'DELETE' THEN
    changed := OLD;
    reaches := OLD."startDay";
  ELSE
    IF (NEW.id, NEW."userId", NEW."habitId", NEW.kind, NEW."startDay", NEW."createdOn")
       IS DISTINCT FROM (OLD.id, OLD."userId", OLD."habitId", OLD.kind, OLD."startDay", OLD."createdOn") THEN
      RAISE EXCEPTION 'of a break only the end changes' USING ERRCODE = 'check_violation', CONSTRAINT = 'HabitBreak_is_settled';
    END IF;
    changed := NEW;
    reaches := least(NEW."endDay", OLD."endDay");
  END IF;
  PERFORM 1 FROM "Habit" h
    WHERE h."userId" = changed."userId" AND (changed."habitId" IS NULL OR h.id = changed."habitId")
    ORDER BY h.id FOR NO KEY UPDATE;
  DELETE FROM "HabitCheckpoint" k USING "Habit" h
    WHERE h.id = k."habitId" AND h."userId" = changed."userId" AND (changed."habitId" IS NULL OR h.id = changed."habitId")
      AND k.through >= reaches;
  RETURN changed;
END $$;

CREATE TRIGGER "HabitBreak_checkpoint" BEFORE INSERT OR UPDATE OR DELETE ON "HabitBreak"
  FOR EACH ROW EXECUTE FUNCTION checkpoint_before_break();

-- A new version claims the whole of the calendar week that it takes effect in. What it could claim before that is of a version that
-- it replaces on its first day, whose last period has never been over.
CREATE FUNCTION checkpoint_after_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM "Habit" WHERE id = NEW."habitId" FOR NO KEY UPDATE;
  DELETE FROM "HabitCheckpoint" WHERE "habitId" = NEW."habitId" AND through >= NEW."effectiveFrom" - 7;
  RETURN NULL;
END $$;

CREATE TRIGGER "HabitVersion_checkpoint" AFTER INSERT ON "HabitVersion"
  FOR EACH ROW EXECUTE FUNCTION checkpoint_after_version();

CREATE FUNCTION checkpoint_after_habit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM "HabitCheckpoint" WHERE "habitId" = NEW.id;
  RETURN NULL;
END $$;

CREATE TRIGGER "Habit_checkpoint" AFTER UPDATE OF "startDate", "endDate" ON "Habit"
  FOR EACH ROW WHEN ((OLD."startDate", OLD."endDate") IS DISTINCT FROM (NEW."startDate", NEW."endDate"))
  EXECUTE FUNCTION checkpoint_after_habit();
