-- AlterEnum

ALTER TYPE "EmailTokenPurpose" ADD VALUE 'BROWSER';
ALTER TYPE "EmailTokenPurpose" ADD VALUE 'NEW_ADDRESS';
ALTER TYPE "EmailTokenPurpose" ADD VALUE 'OLD_ADDRESS';

-- AlterEnum
ALTER TYPE "UserStatus" ADD VALUE 'DORMANT';

-- AlterTable
ALTER TABLE "AuditEvent" ADD COLUMN     "country" CHAR(2);

-- AlterTable
ALTER TABLE "BankConsent" ADD COLUMN     "toldDaysBefore" SMALLINT,
ADD COLUMN     "unusedToldOn" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "KnownDevice" ADD COLUMN     "confirmedOn" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "User" ADD COLUMN     "asksAboveMinor" INTEGER,
ADD COLUMN     "asksAtCheckOff" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "dormantWarnedOn" TIMESTAMPTZ(3),
ADD COLUMN     "lastSignInOn" TIMESTAMPTZ(3),
ADD COLUMN     "passkeyCount" SMALLINT NOT NULL DEFAULT 0;

-- CreateTable
CREATE TABLE "KnownCountry" (
    "userId" UUID NOT NULL,
    "country" CHAR(2) NOT NULL,
    "firstSeenOn" TIMESTAMPTZ(3) NOT NULL,
    "lastSeenOn" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "KnownCountry_pkey" PRIMARY KEY ("userId","country")
);

-- CreateTable
CREATE TABLE "Passkey" (
    "id" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "credentialId" TEXT NOT NULL,
    "publicKey" BYTEA NOT NULL,
    "counter" BIGINT NOT NULL,
    "transports" TEXT[],
    "isSynced" BOOLEAN NOT NULL,
    "label" TEXT NOT NULL,
    "createdOn" TIMESTAMPTZ(3) NOT NULL,
    "lastUsedOn" TIMESTAMPTZ(3),

    CONSTRAINT "Passkey_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "EmailChange" (
    "id" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "oldEmail" TEXT NOT NULL,
    "newEmail" TEXT NOT NULL,
    "askedOn" TIMESTAMPTZ(3) NOT NULL,
    "confirmedOn" TIMESTAMPTZ(3),
    "calledOffOn" TIMESTAMPTZ(3),

    CONSTRAINT "EmailChange_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "KnownCountry_lastSeenOn_idx" ON "KnownCountry"("lastSeenOn");

-- CreateIndex
CREATE UNIQUE INDEX "Passkey_credentialId_key" ON "Passkey"("credentialId");

-- CreateIndex
CREATE INDEX "Passkey_userId_idx" ON "Passkey"("userId");

-- CreateIndex
CREATE INDEX "EmailChange_askedOn_idx" ON "EmailChange"("askedOn");

-- CreateIndex
CREATE UNIQUE INDEX "EmailChange_one_open" ON "EmailChange"("userId") WHERE ("confirmedOn" IS NULL AND "calledOffOn" IS NULL);

-- AddForeignKey
ALTER TABLE "KnownCountry" ADD CONSTRAINT "KnownCountry_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Passkey" ADD CONSTRAINT "Passkey_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "EmailChange" ADD CONSTRAINT "EmailChange_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Whoever was known before this was asked for has been signed in there all along.
UPDATE "KnownDevice" SET "confirmedOn" = "firstSeenOn";
UPDATE "User" u SET "lastSignInOn" = coalesce((SELECT max("lastSeenOn") FROM "KnownDevice" d WHERE d."userId" = u.id), "emailConfirmedOn");

ALTER TABLE "User" ADD CONSTRAINT "User_asks_above_something" CHECK ("asksAboveMinor" > 0);

ALTER TABLE "KnownCountry" ADD CONSTRAINT "KnownCountry_is_a_code" CHECK (country ~ '^[A-Z]{2}$');

ALTER TABLE "Passkey"
  ADD CONSTRAINT "Passkey_counts_upwards" CHECK (counter >= 0),
  ADD CONSTRAINT "Passkey_has_a_name" CHECK (length(label) BETWEEN 1 AND 60);

-- A copy of a key counts from where it was copied.
CREATE FUNCTION passkeys_count_upwards() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.counter < OLD.counter OR (NEW.counter = OLD.counter AND NEW.counter > 0 AND NEW."lastUsedOn" IS DISTINCT FROM OLD."lastUsedOn") THEN
    RAISE EXCEPTION 'a passkey counts upwards' USING ERRCODE = 'check_violation', CONSTRAINT = 'passkeys_count_upwards';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER "Passkey_counts" BEFORE UPDATE ON "Passkey"
  FOR EACH ROW EXECUTE FUNCTION passkeys_count_upwards();

-- Every request loads its user: whether there is a passkey must cost nothing, and be right whoever adds or removes one.
ALTER TABLE "User" ADD CONSTRAINT "User_has_few_passkeys" CHECK ("passkeyCount" BETWEEN 0 AND 10);

CREATE FUNCTION passkeys_are_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    UPDATE "User" SET "passkeyCount" = "passkeyCount" + 1 WHERE id = NEW."userId";
  ELSE
    UPDATE "User" SET "passkeyCount" = "passkeyCount" - 1 WHERE id = OLD."userId";
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER "Passkey_is_counted" AFTER INSERT OR DELETE ON "Passkey"
  FOR EACH ROW EXECUTE FUNCTION passkeys_are_counted();

CREATE TRIGGER "Passkey_of_open_account" BEFORE INSERT ON "Passkey"
  FOR EACH ROW EXECUTE FUNCTION closed_accounts_get_nothing();

ALTER TABLE "EmailChange"
  ADD CONSTRAINT "EmailChange_changes_something" CHECK ("oldEmail" <> "newEmail"),
  ADD CONSTRAINT "EmailChange_in_lower_case" CHECK ("newEmail" = lower("newEmail"));

ALTER TABLE "BankConsent" ADD CONSTRAINT "BankConsent_told_at_some_days" CHECK ("toldDaysBefore" IN (1, 7, 14));

-- One open link of a kind for each browser and each change of address that it is about.
DROP INDEX "EmailToken_one_open";
ALTER TABLE "EmailToken" ADD COLUMN     "aboutId" UUID;
CREATE UNIQUE INDEX "EmailToken_one_open" ON "EmailToken"("userId", "purpose") WHERE ("usedOn" IS NULL AND "aboutId" IS NULL);
CREATE UNIQUE INDEX "EmailToken_one_open_about" ON "EmailToken"("userId", "purpose", "aboutId") WHERE ("usedOn" IS NULL AND "aboutId" IS NOT NULL);

-- ── Consents that have ended here and of which the bank has to be told ──────────────────────────────────────────────

ALTER TABLE "BankConsent" ADD COLUMN     "bankToldOn" TIMESTAMPTZ(3),
ADD COLUMN     "endedTokenSealed" BYTEA;

CREATE INDEX "BankConsent_to_tell" ON "BankConsent"("revokedAt") WHERE ("endedTokenSealed" IS NOT NULL);

-- A token is kept beyond the end only to end it at the bank, and no longer than until that is done.
ALTER TABLE "BankConsent" ADD CONSTRAINT "BankConsent_tells_the_bank_once_ended"
  CHECK ("endedTokenSealed" IS NULL OR ("revokedAt" IS NOT NULL AND "bankToldOn" IS NULL)),
  ADD CONSTRAINT "BankConsent_told_of_an_end" CHECK ("bankToldOn" IS NULL OR "revokedAt" IS NOT NULL);
