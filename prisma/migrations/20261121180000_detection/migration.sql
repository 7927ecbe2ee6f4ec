-- AlterTable
ALTER TABLE "User" ADD COLUMN     "pausedByAlarmId" UUID,
ADD COLUMN     "restsUntil" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "Alarm" (
    "id" UUID NOT NULL,
    "rule" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "subjectId" UUID,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "detail" JSONB NOT NULL DEFAULT '{}',
    "acknowledgedOn" TIMESTAMPTZ(3),
    "acknowledgedById" UUID,

    CONSTRAINT "Alarm_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "SpentProof" (
    "nonce" TEXT NOT NULL,
    "expiresOn" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "SpentProof_pkey" PRIMARY KEY ("nonce")
);

-- CreateIndex
CREATE UNIQUE INDEX "Alarm_one_open" ON "Alarm"("rule", "key") WHERE ("acknowledgedOn" IS NULL);

-- CreateIndex
CREATE INDEX "Alarm_subjectId_at_idx" ON "Alarm"("subjectId", "at" DESC);

-- CreateIndex
CREATE INDEX "Alarm_at_idx" ON "Alarm"("at" DESC);

-- CreateIndex
CREATE INDEX "SpentProof_expiresOn_idx" ON "SpentProof"("expiresOn");


-- Somebody has acknowledged it, or nobody has.
ALTER TABLE "Alarm"
  ADD CONSTRAINT "Alarm_is_acknowledged_by_somebody" CHECK (("acknowledgedOn" IS NULL) = ("acknowledgedById" IS NULL));

-- Only what is paused can have been paused by an alarm.
ALTER TABLE "User"
  ADD CONSTRAINT "User_alarm_pauses" CHECK ("pausedByAlarmId" IS NULL OR "pausedUntil" IS NOT NULL);
