-- CreateTable
CREATE TABLE "ImportDraft" (
    "id" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "createdOn" TIMESTAMPTZ(3) NOT NULL,
    "expiresOn" TIMESTAMPTZ(3) NOT NULL,
    "plan" JSONB NOT NULL,

    CONSTRAINT "ImportDraft_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "ImportDraft_userId_key" ON "ImportDraft"("userId");

-- CreateIndex
CREATE INDEX "ImportDraft_expiresOn_idx" ON "ImportDraft"("expiresOn");

-- CreateIndex
CREATE INDEX "LedgerLine_in_savings" ON "LedgerLine"("userId", "at") WHERE (bucket = ANY (ARRAY['SAVED'::"LedgerBucket", 'RETURNING'::"LedgerBucket"]));

-- AddForeignKey
ALTER TABLE "ImportDraft" ADD CONSTRAINT "ImportDraft_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What has been read waits for its owner's word an hour at most, and is never large.
ALTER TABLE "ImportDraft"
  ADD CONSTRAINT "ImportDraft_expires_soon" CHECK ("expiresOn" > "createdOn" AND "expiresOn" <= "createdOn" + interval '1 hour'),
  ADD CONSTRAINT "ImportDraft_size" CHECK (jsonb_typeof(plan) = 'object' AND pg_column_size(plan) <= 16000000);

CREATE TRIGGER "ImportDraft_of_open_account" BEFORE INSERT ON "ImportDraft"
  FOR EACH ROW EXECUTE FUNCTION closed_accounts_get_nothing();
-- What is about to be imported is what was shown: another reading is another row.
CREATE TRIGGER "ImportDraft_settled" BEFORE UPDATE OR TRUNCATE ON "ImportDraft"
  FOR EACH STATEMENT EXECUTE FUNCTION history_is_only_added_to();

-- A statement's order: by when a payment came to its end, or else was made. Prisma has no words for it.
CREATE INDEX "Payment_in_statement" ON "Payment" ("userId", coalesce("finalOn", "createdOn") DESC, id DESC);
