-- CreateTable
CREATE TABLE "ApiToken" (
    "id" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "hashedSecret" TEXT NOT NULL,
    "lastFour" CHAR(4) NOT NULL,
    "scopes" TEXT[],
    "createdOn" TIMESTAMPTZ(3) NOT NULL,
    "expiresOn" TIMESTAMPTZ(3) NOT NULL,
    "lastUsedAt" TIMESTAMPTZ(3),
    "revokedOn" TIMESTAMPTZ(3),

    CONSTRAINT "ApiToken_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ApiAnswer" (
    "id" UUID NOT NULL,
    "tokenId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "hashedKey" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "createdOn" TIMESTAMPTZ(3) NOT NULL,
    "status" SMALLINT,
    "body" TEXT,

    CONSTRAINT "ApiAnswer_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "ApiToken_hashedSecret_key" ON "ApiToken"("hashedSecret");

-- CreateIndex
CREATE UNIQUE INDEX "ApiToken_id_userId_key" ON "ApiToken"("id", "userId");

-- CreateIndex
CREATE INDEX "ApiToken_userId_idx" ON "ApiToken"("userId");

-- CreateIndex
CREATE INDEX "ApiToken_expiresOn_idx" ON "ApiToken"("expiresOn");

-- CreateIndex
CREATE UNIQUE INDEX "ApiAnswer_tokenId_hashedKey_key" ON "ApiAnswer"("tokenId", "hashedKey");

-- CreateIndex
CREATE INDEX "ApiAnswer_createdOn_idx" ON "ApiAnswer"("createdOn");

-- CreateIndex
CREATE INDEX "CheckOff_userId_id_idx" ON "CheckOff"("userId", "id" DESC);

-- AddForeignKey
ALTER TABLE "ApiToken" ADD CONSTRAINT "ApiToken_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ApiAnswer" ADD CONSTRAINT "ApiAnswer_tokenId_userId_fkey" FOREIGN KEY ("tokenId", "userId") REFERENCES "ApiToken"("id", "userId") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "ApiToken"
  ADD CONSTRAINT "ApiToken_has_a_name" CHECK (length(name) BETWEEN 1 AND 60),
  ADD CONSTRAINT "ApiToken_is_hashed" CHECK ("hashedSecret" ~ '^[0-9a-f]{64}$' AND "lastFour" ~ '^[0-9A-Za-z]{4}$'),
  ADD CONSTRAINT "ApiToken_opens_something_known"
    CHECK (cardinality(scopes) BETWEEN 1 AND 3 AND scopes <@ ARRAY['habits:read', 'check-offs:write', 'payments:read']),
  ADD CONSTRAINT "ApiToken_ends_within_a_year"
    CHECK ("expiresOn" > "createdOn" AND "expiresOn" - "createdOn" <= interval '365 days');

ALTER TABLE "ApiAnswer"
  ADD CONSTRAINT "ApiAnswer_keeps_hashes" CHECK ("hashedKey" ~ '^[0-9a-f]{64}$' AND fingerprint ~ '^[0-9a-f]{64}$'),
  ADD CONSTRAINT "ApiAnswer_is_whole" CHECK ((status IS NULL) = (body IS NULL)),
  ADD CONSTRAINT "ApiAnswer_has_a_status" CHECK (status BETWEEN 200 AND 499);

-- A token is what it was made as: it opens no more, lasts no longer, belongs to nobody else, and once ended stays so.
CREATE FUNCTION api_tokens_stay_as_made() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.id, NEW."userId", NEW."hashedSecret", NEW."lastFour", NEW.scopes, NEW."createdOn", NEW."expiresOn")
    IS DISTINCT FROM
     (OLD.id, OLD."userId", OLD."hashedSecret", OLD."lastFour", OLD.scopes, OLD."createdOn", OLD."expiresOn")
    OR (OLD."revokedOn" IS NOT NULL AND NEW."revokedOn" IS DISTINCT FROM OLD."revokedOn") THEN
    RAISE EXCEPTION 'a token stays as it was made' USING ERRCODE = 'check_violation', CONSTRAINT = 'api_tokens_stay_as_made';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER "ApiToken_stays" BEFORE UPDATE ON "ApiToken"
  FOR EACH ROW EXECUTE FUNCTION api_tokens_stay_as_made();
CREATE TRIGGER "ApiToken_of_open_account" BEFORE INSERT ON "ApiToken"
  FOR EACH ROW EXECUTE FUNCTION closed_accounts_get_nothing();

-- Whoever can't sign in any more acts by no program either; and what has ended does not come back with the account.
CREATE FUNCTION api_tokens_end_with_the_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE "ApiToken" SET "revokedOn" = now() WHERE "userId" = NEW.id AND "revokedOn" IS NULL;
  RETURN NULL;
END $$;

CREATE TRIGGER "User_ends_its_tokens" AFTER UPDATE OF status ON "User"
  FOR EACH ROW WHEN (NEW.status::text <> 'ACTIVE' AND OLD.status IS DISTINCT FROM NEW.status)
  EXECUTE FUNCTION api_tokens_end_with_the_account();
