-- CreateTable
CREATE TABLE "Goal" (
    "id" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "targetMinor" INTEGER NOT NULL,
    "currency" "Currency" NOT NULL,
    "byDay" DATE,
    "picture" TEXT NOT NULL,
    "position" SMALLINT NOT NULL,
    "createdOn" TIMESTAMPTZ(3) NOT NULL,
    "reachedOn" TIMESTAMPTZ(3),
    "celebratedOn" TIMESTAMPTZ(3),
    "archivedOn" TIMESTAMPTZ(3),

    CONSTRAINT "Goal_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "GoalHabit" (
    "habitId" UUID NOT NULL,
    "goalId" UUID NOT NULL,
    "userId" UUID NOT NULL,

    CONSTRAINT "GoalHabit_pkey" PRIMARY KEY ("habitId")
);

-- CreateTable
CREATE TABLE "GoalUse" (
    "goalId" UUID NOT NULL,
    "habitId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "amountMinor" INTEGER NOT NULL,

    CONSTRAINT "GoalUse_pkey" PRIMARY KEY ("goalId","habitId")
);

-- CreateIndex
CREATE UNIQUE INDEX "Goal_id_userId_key" ON "Goal"("id", "userId");

-- CreateIndex
CREATE INDEX "Goal_userId_archivedOn_idx" ON "Goal"("userId", "archivedOn");

-- CreateIndex
CREATE UNIQUE INDEX "GoalHabit_habitId_userId_key" ON "GoalHabit"("habitId", "userId");

-- CreateIndex
CREATE INDEX "GoalHabit_goalId_idx" ON "GoalHabit"("goalId");

-- CreateIndex
CREATE INDEX "GoalUse_userId_idx" ON "GoalUse"("userId");

-- What a saver has saved lately is read from here; the lines of other buckets are not in it.
CREATE INDEX "LedgerLine_saved" ON "LedgerLine"("userId", "at") WHERE (bucket = 'SAVED'::"LedgerBucket");

-- AddForeignKey
ALTER TABLE "Goal" ADD CONSTRAINT "Goal_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "GoalHabit" ADD CONSTRAINT "GoalHabit_habitId_userId_fkey" FOREIGN KEY ("habitId", "userId") REFERENCES "Habit"("id", "userId") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "GoalHabit" ADD CONSTRAINT "GoalHabit_goalId_userId_fkey" FOREIGN KEY ("goalId", "userId") REFERENCES "Goal"("id", "userId") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "GoalUse" ADD CONSTRAINT "GoalUse_goalId_userId_fkey" FOREIGN KEY ("goalId", "userId") REFERENCES "Goal"("id", "userId") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "GoalUse" ADD CONSTRAINT "GoalUse_habitId_userId_fkey" FOREIGN KEY ("habitId", "userId") REFERENCES "Habit"("id", "userId") ON DELETE RESTRICT ON UPDATE CASCADE;

ALTER TABLE "Goal"
  ADD CONSTRAINT "Goal_name_length" CHECK (length(name) BETWEEN 1 AND 80),
  ADD CONSTRAINT "Goal_target_range" CHECK ("targetMinor" BETWEEN 1 AND 100000000),
  ADD CONSTRAINT "Goal_picture_form" CHECK (picture ~ '^[a-z]{1,20}$'),
  ADD CONSTRAINT "Goal_position_positive" CHECK (position >= 1),
  ADD CONSTRAINT "Goal_celebrated_after_reached"
    CHECK ("celebratedOn" IS NULL OR ("reachedOn" IS NOT NULL AND "celebratedOn" >= "reachedOn"));

ALTER TABLE "GoalUse"
  ADD CONSTRAINT "GoalUse_amount_positive" CHECK ("amountMinor" > 0);

-- Amounts of one currency would become amounts of another, and what was reached would not have been.
CREATE FUNCTION goal_is_settled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW."userId", NEW.currency, NEW."createdOn") IS DISTINCT FROM (OLD."userId", OLD.currency, OLD."createdOn")
     OR (OLD."reachedOn" IS NOT NULL AND NEW."reachedOn" IS DISTINCT FROM OLD."reachedOn") THEN
    RAISE EXCEPTION 'whose a goal is, its currency and when it was reached stay' USING ERRCODE = 'check_violation', CONSTRAINT = 'goal_is_settled';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER "Goal_settled" BEFORE UPDATE ON "Goal" FOR EACH ROW EXECUTE FUNCTION goal_is_settled();

-- A goal that was put away takes no money in, and one that lives has not used any.
CREATE FUNCTION goal_takes_habits_while_it_lives() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT "archivedOn" IS NOT NULL FROM "Goal" WHERE id = NEW."goalId" FOR UPDATE) THEN
    RAISE EXCEPTION 'goal % has been put away', NEW."goalId" USING ERRCODE = 'check_violation', CONSTRAINT = 'goal_takes_habits_while_it_lives';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER "GoalHabit_of_a_living_goal" BEFORE INSERT OR UPDATE ON "GoalHabit"
  FOR EACH ROW EXECUTE FUNCTION goal_takes_habits_while_it_lives();

CREATE FUNCTION goal_ends_its_ties() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW."archivedOn" IS NULL THEN
    DELETE FROM "GoalUse" WHERE "goalId" = NEW.id;
  ELSE
    DELETE FROM "GoalHabit" WHERE "goalId" = NEW.id;
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER "Goal_ends_its_ties" AFTER UPDATE OF "archivedOn" ON "Goal"
  FOR EACH ROW EXECUTE FUNCTION goal_ends_its_ties();
