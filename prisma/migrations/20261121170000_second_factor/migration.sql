-- AlterEnum
ALTER TYPE "EmailTokenPurpose" ADD VALUE 'FACTOR';

-- CreateEnum
CREATE TYPE "FactorResetEnd" AS ENUM ('DONE', 'CALLED_OFF');

-- AlterTable
ALTER TABLE "User" ADD COLUMN     "totpLastStep" INTEGER,
ADD COLUMN     "totpPendingSealed" BYTEA;

-- CreateTable
CREATE TABLE "KnownDevice" (
    "id" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "hashedMark" TEXT NOT NULL,
    "label" TEXT NOT NULL,
    "firstSeenOn" TIMESTAMPTZ(3) NOT NULL,
    "lastSeenOn" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "KnownDevice_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "FactorReset" (
    "id" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "askedOn" TIMESTAMPTZ(3) NOT NULL,
    "effectiveOn" TIMESTAMPTZ(3) NOT NULL,
    "endedOn" TIMESTAMPTZ(3),
    "end" "FactorResetEnd",
    "adminId" UUID,

    CONSTRAINT "FactorReset_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Throttle" (
    "key" TEXT NOT NULL,
    "count" INTEGER NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL,
    "blockedUntil" TIMESTAMPTZ(3),

    CONSTRAINT "Throttle_pkey" PRIMARY KEY ("key")
);

-- CreateIndex
CREATE UNIQUE INDEX "KnownDevice_userId_hashedMark_key" ON "KnownDevice"("userId", "hashedMark");

-- CreateIndex
CREATE UNIQUE INDEX "FactorReset_one_open" ON "FactorReset"("userId") WHERE ("endedOn" IS NULL);

-- CreateIndex
CREATE INDEX "Throttle_since_idx" ON "Throttle"("since");

-- AddForeignKey
ALTER TABLE "KnownDevice" ADD CONSTRAINT "KnownDevice_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "FactorReset" ADD CONSTRAINT "FactorReset_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;


-- A factor counts once its first code has been typed, and until then nothing is kept as if it did.
ALTER TABLE "User"
  ADD CONSTRAINT "User_factor_is_confirmed" CHECK (("totpSecretSealed" IS NULL) = ("totpConfirmedOn" IS NULL));

ALTER TABLE "FactorReset"
  ADD CONSTRAINT "FactorReset_ends_somehow" CHECK (("endedOn" IS NULL) = ("end" IS NULL)),
  ADD CONSTRAINT "FactorReset_takes_its_time" CHECK ("effectiveOn" > "askedOn");

-- Whose session it is; people see theirs, and all of them end with a new password.
CREATE INDEX "session_of_user" ON "session" ((sess #>> '{passport,user}'));
