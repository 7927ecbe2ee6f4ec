-- CreateEnum
CREATE TYPE "Role" AS ENUM ('SAVER', 'ADMIN');

-- CreateEnum
CREATE TYPE "UserStatus" AS ENUM ('ACTIVE', 'LOCKED');

-- CreateEnum
CREATE TYPE "Currency" AS ENUM ('DKK', 'SEK', 'NOK', 'EUR');

-- CreateEnum
CREATE TYPE "Cadence" AS ENUM ('AT_ONCE', 'DAILY', 'WEEKLY');

-- CreateEnum
CREATE TYPE "EmailTokenPurpose" AS ENUM ('CONFIRM', 'RESET');

-- CreateEnum
CREATE TYPE "CheckOffState" AS ENUM ('RECORDED', 'UNDONE');

-- CreateEnum
CREATE TYPE "PaymentKind" AS ENUM ('SAVING', 'REVERSAL');

-- CreateEnum
CREATE TYPE "PaymentState" AS ENUM ('SCHEDULED', 'BLOCKED', 'SENDING', 'INITIATED', 'CONFIRMING', 'AWAITING_APPROVAL', 'ACCEPTED', 'UNKNOWN', 'PAID', 'REJECTED', 'CANCELLED', 'EXPIRED');

-- CreateEnum
CREATE TYPE "LedgerBucket" AS ENUM ('OPEN', 'PLEDGED', 'ON_ITS_WAY', 'SAVED');

-- CreateTable
CREATE TABLE "User" (
    "id" UUID NOT NULL,
    "fullName" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "hashedPwd" TEXT NOT NULL,
    "role" "Role" NOT NULL DEFAULT 'SAVER',
    "status" "UserStatus" NOT NULL DEFAULT 'ACTIVE',
    "emailConfirmationSentOn" TIMESTAMPTZ(3),
    "emailConfirmedOn" TIMESTAMPTZ(3),
    "accLoaded" BOOLEAN NOT NULL DEFAULT false,
    "timezone" TEXT NOT NULL DEFAULT 'Europe/Copenhagen',
    "dayStartHour" SMALLINT NOT NULL DEFAULT 0,
    "weekStart" SMALLINT NOT NULL DEFAULT 1,
    "locale" TEXT NOT NULL DEFAULT 'en',
    "cadence" "Cadence" NOT NULL DEFAULT 'AT_ONCE',
    "capPerPaymentMinor" INTEGER NOT NULL DEFAULT 1000000,
    "capPerDayMinor" INTEGER NOT NULL DEFAULT 1000000,
    "capPerMonthMinor" INTEGER NOT NULL DEFAULT 3000000,
    "floorMinor" INTEGER NOT NULL DEFAULT 0,
    "pausedUntil" TIMESTAMPTZ(3),
    "totpSecretSealed" BYTEA,
    "totpConfirmedOn" TIMESTAMPTZ(3),
    "createdOn" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "User_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "EmailToken" (
    "id" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "purpose" "EmailTokenPurpose" NOT NULL,
    "hashedToken" TEXT NOT NULL,
    "createdOn" TIMESTAMPTZ(3) NOT NULL,
    "expiresOn" TIMESTAMPTZ(3) NOT NULL,
    "usedOn" TIMESTAMPTZ(3),

    CONSTRAINT "EmailToken_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "BackupCode" (
    "id" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "hashedCode" TEXT NOT NULL,
    "createdOn" TIMESTAMPTZ(3) NOT NULL,
    "usedOn" TIMESTAMPTZ(3),

    CONSTRAINT "BackupCode_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ConsentRequest" (
    "id" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "hashedState" TEXT NOT NULL,
    "hashedSession" TEXT NOT NULL,
    "country" CHAR(2) NOT NULL,
    "createdOn" TIMESTAMPTZ(3) NOT NULL,
    "expiresOn" TIMESTAMPTZ(3) NOT NULL,
    "usedOn" TIMESTAMPTZ(3),

    CONSTRAINT "ConsentRequest_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "BankConsent" (
    "id" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "profile" TEXT NOT NULL,
    "country" CHAR(2) NOT NULL,
    "scopes" TEXT[],
    "grantedAt" TIMESTAMPTZ(3) NOT NULL,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,
    "revokedAt" TIMESTAMPTZ(3),
    "endReason" TEXT,
    "lastUsedAt" TIMESTAMPTZ(3),
    "accessTokenSealed" BYTEA,
    "refreshTokenSealed" BYTEA,
    "accessTokenExpiresAt" TIMESTAMPTZ(3) NOT NULL,
    "refreshLeaseUntil" TIMESTAMPTZ(3),
    "refreshLeaseOwner" UUID,

    CONSTRAINT "BankConsent_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Account" (
    "id" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "consentId" UUID NOT NULL,
    "hashedAccNo" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "currency" "Currency" NOT NULL,
    "country" CHAR(2) NOT NULL,
    "isDebitor" BOOLEAN NOT NULL DEFAULT false,
    "isCreditor" BOOLEAN NOT NULL DEFAULT false,
    "loadedOn" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "Account_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Habit" (
    "id" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "startDate" DATE NOT NULL,
    "createdOn" TIMESTAMPTZ(3) NOT NULL,
    "archivedOn" TIMESTAMPTZ(3),

    CONSTRAINT "Habit_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "HabitVersion" (
    "id" UUID NOT NULL,
    "habitId" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "effectiveFrom" DATE NOT NULL,
    "frequency" SMALLINT NOT NULL,
    "interval" SMALLINT NOT NULL,
    "amountMinor" INTEGER NOT NULL,
    "currency" "Currency" NOT NULL,
    "createdOn" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "HabitVersion_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "CheckOff" (
    "id" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "habitId" UUID NOT NULL,
    "habitVersionId" UUID NOT NULL,
    "day" DATE NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "timezone" TEXT NOT NULL,
    "dayStartHour" SMALLINT NOT NULL,
    "period" DATE NOT NULL,
    "slot" SMALLINT NOT NULL,
    "daySlot" SMALLINT NOT NULL,
    "amountMinor" INTEGER NOT NULL,
    "currency" "Currency" NOT NULL,
    "state" "CheckOffState" NOT NULL DEFAULT 'RECORDED',
    "undoneAt" TIMESTAMPTZ(3),
    "paymentId" UUID,

    CONSTRAINT "CheckOff_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Payment" (
    "id" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "kind" "PaymentKind" NOT NULL DEFAULT 'SAVING',
    "externalId" UUID NOT NULL,
    "reference" CHAR(12) NOT NULL,
    "debtorAccountId" UUID NOT NULL,
    "creditorAccountId" UUID NOT NULL,
    "amountMinor" INTEGER NOT NULL,
    "currency" "Currency" NOT NULL,
    "state" "PaymentState" NOT NULL DEFAULT 'SCHEDULED',
    "reason" TEXT,
    "bankCode" TEXT,
    "bankPaymentId" TEXT,
    "approvalUrl" TEXT,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "lastSentAt" TIMESTAMPTZ(3),
    "dueAt" TIMESTAMPTZ(3) NOT NULL,
    "nextActionAt" TIMESTAMPTZ(3),
    "leaseOwner" UUID,
    "leaseUntil" TIMESTAMPTZ(3),
    "createdOn" TIMESTAMPTZ(3) NOT NULL,
    "finalOn" TIMESTAMPTZ(3),

    CONSTRAINT "Payment_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "PaymentMove" (
    "from" "PaymentState" NOT NULL,
    "to" "PaymentState" NOT NULL,

    CONSTRAINT "PaymentMove_pkey" PRIMARY KEY ("from","to")
);

-- CreateTable
CREATE TABLE "PaymentEvent" (
    "id" UUID NOT NULL,
    "paymentId" UUID NOT NULL,
    "from" "PaymentState",
    "to" "PaymentState" NOT NULL,
    "reason" TEXT,
    "bankCode" TEXT,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "PaymentEvent_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "LedgerLine" (
    "id" UUID NOT NULL,
    "entryId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "habitId" UUID NOT NULL,
    "paymentId" UUID NOT NULL,
    "checkOffId" UUID NOT NULL,
    "bucket" "LedgerBucket" NOT NULL,
    "currency" "Currency" NOT NULL,
    "amountMinor" INTEGER NOT NULL,
    "beforeMinor" BIGINT NOT NULL,
    "afterMinor" BIGINT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "LedgerLine_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "LedgerBalance" (
    "userId" UUID NOT NULL,
    "habitId" UUID NOT NULL,
    "bucket" "LedgerBucket" NOT NULL,
    "currency" "Currency" NOT NULL,
    "balanceMinor" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "LedgerBalance_pkey" PRIMARY KEY ("userId","habitId","bucket","currency")
);

-- CreateTable
CREATE TABLE "BankCall" (
    "id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "actor" TEXT NOT NULL,
    "onBehalfOfId" UUID,
    "api" TEXT NOT NULL,
    "method" TEXT NOT NULL,
    "path" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "httpStatus" INTEGER,
    "durationMs" INTEGER NOT NULL,
    "requestId" TEXT,
    "requestBody" TEXT,
    "responseBody" TEXT,
    "remark" TEXT,

    CONSTRAINT "BankCall_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "AuditEvent" (
    "id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "actorKind" TEXT NOT NULL,
    "actorId" UUID,
    "subjectId" UUID,
    "action" TEXT NOT NULL,
    "objectKind" TEXT,
    "objectId" TEXT,
    "outcome" TEXT NOT NULL,
    "detail" JSONB NOT NULL DEFAULT '{}',
    "ip" TEXT,
    "requestId" TEXT,

    CONSTRAINT "AuditEvent_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "session" (
    "sid" VARCHAR NOT NULL,
    "sess" JSON NOT NULL,
    "expire" TIMESTAMP(6) NOT NULL,

    CONSTRAINT "session_pkey" PRIMARY KEY ("sid")
);

-- CreateIndex
CREATE UNIQUE INDEX "User_email_key" ON "User"("email");

-- CreateIndex
CREATE UNIQUE INDEX "EmailToken_hashedToken_key" ON "EmailToken"("hashedToken");

-- CreateIndex
CREATE UNIQUE INDEX "EmailToken_one_open" ON "EmailToken"("userId", "purpose") WHERE ("usedOn" IS NULL);

-- CreateIndex
CREATE UNIQUE INDEX "BackupCode_userId_hashedCode_key" ON "BackupCode"("userId", "hashedCode");

-- CreateIndex
CREATE UNIQUE INDEX "ConsentRequest_hashedState_key" ON "ConsentRequest"("hashedState");

-- CreateIndex
CREATE INDEX "ConsentRequest_userId_idx" ON "ConsentRequest"("userId");

-- CreateIndex
CREATE UNIQUE INDEX "BankConsent_id_userId_key" ON "BankConsent"("id", "userId");

-- CreateIndex
CREATE UNIQUE INDEX "BankConsent_one_live" ON "BankConsent"("userId") WHERE ("revokedAt" IS NULL);

-- CreateIndex
CREATE UNIQUE INDEX "Account_id_userId_key" ON "Account"("id", "userId");

-- CreateIndex
CREATE UNIQUE INDEX "Account_userId_hashedAccNo_key" ON "Account"("userId", "hashedAccNo");

-- CreateIndex
CREATE UNIQUE INDEX "Account_one_debitor" ON "Account"("userId") WHERE ("isDebitor");

-- CreateIndex
CREATE UNIQUE INDEX "Account_one_creditor" ON "Account"("userId") WHERE ("isCreditor");

-- CreateIndex
CREATE INDEX "Habit_userId_archivedOn_idx" ON "Habit"("userId", "archivedOn");

-- CreateIndex
CREATE UNIQUE INDEX "Habit_id_userId_key" ON "Habit"("id", "userId");

-- CreateIndex
CREATE UNIQUE INDEX "HabitVersion_habitId_number_key" ON "HabitVersion"("habitId", "number");

-- CreateIndex
CREATE UNIQUE INDEX "HabitVersion_id_habitId_key" ON "HabitVersion"("id", "habitId");

-- CreateIndex
CREATE INDEX "CheckOff_userId_day_idx" ON "CheckOff"("userId", "day");

-- CreateIndex
CREATE INDEX "CheckOff_paymentId_idx" ON "CheckOff"("paymentId");

-- CreateIndex
CREATE UNIQUE INDEX "CheckOff_id_habitId_key" ON "CheckOff"("id", "habitId");

-- CreateIndex
CREATE UNIQUE INDEX "CheckOff_one_per_slot" ON "CheckOff"("habitId", "period", "slot") WHERE (state = 'RECORDED'::"CheckOffState");

-- CreateIndex
CREATE UNIQUE INDEX "CheckOff_one_per_day_slot" ON "CheckOff"("habitId", "day", "daySlot") WHERE (state = 'RECORDED'::"CheckOffState");

-- CreateIndex
CREATE UNIQUE INDEX "Payment_externalId_key" ON "Payment"("externalId");

-- CreateIndex
CREATE UNIQUE INDEX "Payment_reference_key" ON "Payment"("reference");

-- CreateIndex
CREATE UNIQUE INDEX "Payment_bankPaymentId_key" ON "Payment"("bankPaymentId");

-- CreateIndex
CREATE INDEX "Payment_userId_createdOn_idx" ON "Payment"("userId", "createdOn" DESC);

-- CreateIndex
CREATE INDEX "Payment_next_action" ON "Payment"("nextActionAt") WHERE ("nextActionAt" IS NOT NULL);

-- CreateIndex
CREATE UNIQUE INDEX "Payment_id_userId_currency_key" ON "Payment"("id", "userId", "currency");

-- CreateIndex
CREATE INDEX "PaymentEvent_paymentId_at_idx" ON "PaymentEvent"("paymentId", "at");

-- CreateIndex
CREATE INDEX "LedgerLine_entryId_idx" ON "LedgerLine"("entryId");

-- CreateIndex
CREATE INDEX "LedgerLine_userId_habitId_at_idx" ON "LedgerLine"("userId", "habitId", "at");

-- CreateIndex
CREATE INDEX "LedgerLine_paymentId_idx" ON "LedgerLine"("paymentId");

-- CreateIndex
CREATE INDEX "BankCall_at_idx" ON "BankCall"("at" DESC);

-- CreateIndex
CREATE INDEX "BankCall_onBehalfOfId_at_idx" ON "BankCall"("onBehalfOfId", "at" DESC);

-- CreateIndex
CREATE INDEX "AuditEvent_subjectId_at_idx" ON "AuditEvent"("subjectId", "at" DESC);

-- CreateIndex
CREATE INDEX "AuditEvent_at_idx" ON "AuditEvent"("at" DESC);

-- CreateIndex
CREATE INDEX "IDX_session_expire" ON "session"("expire");

-- AddForeignKey
ALTER TABLE "EmailToken" ADD CONSTRAINT "EmailToken_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "BackupCode" ADD CONSTRAINT "BackupCode_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ConsentRequest" ADD CONSTRAINT "ConsentRequest_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "BankConsent" ADD CONSTRAINT "BankConsent_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Account" ADD CONSTRAINT "Account_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Account" ADD CONSTRAINT "Account_consentId_userId_fkey" FOREIGN KEY ("consentId", "userId") REFERENCES "BankConsent"("id", "userId") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Habit" ADD CONSTRAINT "Habit_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "HabitVersion" ADD CONSTRAINT "HabitVersion_habitId_fkey" FOREIGN KEY ("habitId") REFERENCES "Habit"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "CheckOff" ADD CONSTRAINT "CheckOff_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "CheckOff" ADD CONSTRAINT "CheckOff_habitId_userId_fkey" FOREIGN KEY ("habitId", "userId") REFERENCES "Habit"("id", "userId") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "CheckOff" ADD CONSTRAINT "CheckOff_habitVersionId_habitId_fkey" FOREIGN KEY ("habitVersionId", "habitId") REFERENCES "HabitVersion"("id", "habitId") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "CheckOff" ADD CONSTRAINT "CheckOff_paymentId_userId_currency_fkey" FOREIGN KEY ("paymentId", "userId", "currency") REFERENCES "Payment"("id", "userId", "currency") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Payment" ADD CONSTRAINT "Payment_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Payment" ADD CONSTRAINT "Payment_debtorAccountId_userId_fkey" FOREIGN KEY ("debtorAccountId", "userId") REFERENCES "Account"("id", "userId") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Payment" ADD CONSTRAINT "Payment_creditorAccountId_userId_fkey" FOREIGN KEY ("creditorAccountId", "userId") REFERENCES "Account"("id", "userId") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "PaymentEvent" ADD CONSTRAINT "PaymentEvent_paymentId_fkey" FOREIGN KEY ("paymentId") REFERENCES "Payment"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "LedgerLine" ADD CONSTRAINT "LedgerLine_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "LedgerLine" ADD CONSTRAINT "LedgerLine_habitId_userId_fkey" FOREIGN KEY ("habitId", "userId") REFERENCES "Habit"("id", "userId") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "LedgerLine" ADD CONSTRAINT "LedgerLine_paymentId_userId_currency_fkey" FOREIGN KEY ("paymentId", "userId", "currency") REFERENCES "Payment"("id", "userId", "currency") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "LedgerLine" ADD CONSTRAINT "LedgerLine_checkOffId_habitId_fkey" FOREIGN KEY ("checkOffId", "habitId") REFERENCES "CheckOff"("id", "habitId") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "LedgerBalance" ADD CONSTRAINT "LedgerBalance_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "LedgerBalance" ADD CONSTRAINT "LedgerBalance_habitId_userId_fkey" FOREIGN KEY ("habitId", "userId") REFERENCES "Habit"("id", "userId") ON DELETE RESTRICT ON UPDATE CASCADE;

