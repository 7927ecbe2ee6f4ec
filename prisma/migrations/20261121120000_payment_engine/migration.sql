-- AlterEnum
ALTER TYPE "LedgerBucket" ADD VALUE 'RETURNING';

-- AlterTable
ALTER TABLE "BankCall" ADD COLUMN     "attended" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "CheckOff" ADD COLUMN     "isBackfill" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "recordOnly" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "reversalId" UUID;

-- AlterTable
ALTER TABLE "Payment" ADD COLUMN     "askedFromIp" TEXT,
ADD COLUMN     "askedOn" TIMESTAMPTZ(3),
ADD COLUMN     "isBatch" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "remindedOn" TIMESTAMPTZ(3);


-- CreateTable
CREATE TABLE "SavingLimits" (
    "id" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "effectiveFrom" TIMESTAMPTZ(3) NOT NULL,
    "capPerPaymentMinor" INTEGER NOT NULL,
    "capPerDayMinor" INTEGER NOT NULL,
    "capPerMonthMinor" INTEGER NOT NULL,
    "floorMinor" INTEGER NOT NULL,
    "createdOn" TIMESTAMPTZ(3) NOT NULL,
    "withdrawnOn" TIMESTAMPTZ(3),

    CONSTRAINT "SavingLimits_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "PaymentStop" (
    "id" UUID NOT NULL,
    "scope" TEXT NOT NULL DEFAULT 'all',
    "reason" TEXT NOT NULL,
    "startedOn" TIMESTAMPTZ(3) NOT NULL,
    "startedById" UUID,
    "endedOn" TIMESTAMPTZ(3),
    "endedById" UUID,

    CONSTRAINT "PaymentStop_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "BankGate" (
    "host" TEXT NOT NULL,
    "failures" INTEGER NOT NULL DEFAULT 0,
    "closedUntil" TIMESTAMPTZ(3),
    "nextSlotAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "BankGate_pkey" PRIMARY KEY ("host")
);

-- CreateTable
CREATE TABLE "ReconciliationRun" (
    "id" UUID NOT NULL,
    "startedOn" TIMESTAMPTZ(3) NOT NULL,
    "finishedOn" TIMESTAMPTZ(3),
    "occasion" TEXT NOT NULL,
    "paymentsChecked" INTEGER NOT NULL DEFAULT 0,
    "saversChecked" INTEGER NOT NULL DEFAULT 0,
    "saversSkipped" INTEGER NOT NULL DEFAULT 0,
    "differences" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "ReconciliationRun_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ReconciliationDifference" (
    "id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "objectKey" TEXT NOT NULL,
    "userId" UUID,
    "paymentId" UUID,
    "detail" JSONB NOT NULL,
    "firstSeenOn" TIMESTAMPTZ(3) NOT NULL,
    "lastSeenOn" TIMESTAMPTZ(3) NOT NULL,
    "goneOn" TIMESTAMPTZ(3),

    CONSTRAINT "ReconciliationDifference_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "SavingLimits_userId_effectiveFrom_idx" ON "SavingLimits"("userId", "effectiveFrom");

-- CreateIndex
CREATE UNIQUE INDEX "PaymentStop_one_open" ON "PaymentStop"("scope") WHERE ("endedOn" IS NULL);

-- CreateIndex
CREATE INDEX "ReconciliationRun_startedOn_idx" ON "ReconciliationRun"("startedOn" DESC);

-- CreateIndex
CREATE INDEX "ReconciliationDifference_open_of_user" ON "ReconciliationDifference"("userId") WHERE ("goneOn" IS NULL);

-- CreateIndex
CREATE UNIQUE INDEX "ReconciliationDifference_one_open" ON "ReconciliationDifference"("kind", "objectKey") WHERE ("goneOn" IS NULL);

-- CreateIndex
CREATE INDEX "CheckOff_reversalId_idx" ON "CheckOff"("reversalId") WHERE ("reversalId" IS NOT NULL);

-- CreateIndex
CREATE INDEX "Payment_in_flight" ON "Payment"("currency", "amountMinor") WHERE (state = ANY (ARRAY['SENDING'::"PaymentState", 'INITIATED'::"PaymentState", 'CONFIRMING'::"PaymentState", 'AWAITING_APPROVAL'::"PaymentState", 'ACCEPTED'::"PaymentState", 'UNKNOWN'::"PaymentState"]));

-- CreateIndex
CREATE INDEX "Payment_userId_lastSentAt_idx" ON "Payment"("userId", "lastSentAt");

-- AddForeignKey
ALTER TABLE "SavingLimits" ADD CONSTRAINT "SavingLimits_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "CheckOff" ADD CONSTRAINT "CheckOff_reversalId_userId_currency_fkey" FOREIGN KEY ("reversalId", "userId", "currency") REFERENCES "Payment"("id", "userId", "currency") ON DELETE RESTRICT ON UPDATE CASCADE;

-- What savers have set becomes the first version of their limits; who never changed anything has the app's own.
INSERT INTO "SavingLimits" ("id", "userId", "effectiveFrom", "capPerPaymentMinor", "capPerDayMinor", "capPerMonthMinor", "floorMinor", "createdOn")
SELECT gen_random_uuid(), id, "createdOn", "capPerPaymentMinor", "capPerDayMinor", "capPerMonthMinor", "floorMinor", "createdOn"
FROM "User"
WHERE ("capPerPaymentMinor", "capPerDayMinor", "capPerMonthMinor", "floorMinor") <> (1000000, 1000000, 3000000, 0);

-- AlterTable
ALTER TABLE "User" DROP COLUMN "capPerDayMinor",
DROP COLUMN "capPerMonthMinor",
DROP COLUMN "capPerPaymentMinor",
DROP COLUMN "floorMinor";
