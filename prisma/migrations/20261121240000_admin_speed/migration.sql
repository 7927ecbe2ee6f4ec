-- Set by the bank's refusal of a call made by the consent, until one is answered again.
ALTER TABLE "BankConsent" ADD COLUMN "refusedOn" TIMESTAMPTZ(3);

UPDATE "BankConsent" c SET "refusedOn" = call.at
FROM "BankConsent" live, LATERAL (
  SELECT b.at, b.outcome FROM "BankCall" b WHERE b."onBehalfOfId" = live."userId" AND b.at >= live."grantedAt"
  ORDER BY b.at DESC LIMIT 1) call
WHERE live."revokedAt" IS NULL AND c.id = live.id AND call.outcome IN ('token-expired', 'token-invalid', 'consent-denied');

-- CreateIndex
CREATE INDEX "BankConsent_untold_first" ON "BankConsent"("grantedAt" DESC, "id" DESC) WHERE ("bankToldOn" IS NULL);

-- CreateIndex
CREATE INDEX "BankConsent_ends" ON "BankConsent"("expiresAt") WHERE ("revokedAt" IS NULL);

-- CreateIndex
CREATE INDEX "BankConsent_kinds" ON "BankConsent"("profile", "scopes", "grantedAt" DESC, "id" DESC) WHERE ("revokedAt" IS NULL);

-- CreateIndex
CREATE INDEX "BankConsent_refused" ON "BankConsent"("userId") WHERE ("refusedOn" IS NOT NULL);

-- CreateIndex
CREATE INDEX "BankConsent_over_here" ON "BankConsent"("expiresAt") WHERE ("revokedAt" IS NOT NULL AND "bankToldOn" IS NULL);

-- CreateIndex
CREATE INDEX "AuditEvent_refused_action" ON "AuditEvent"("action", "at" DESC) WHERE (outcome = 'refused'::text);

-- CreateIndex
CREATE INDEX "AuditEvent_refused" ON "AuditEvent"("at" DESC) WHERE (outcome = 'refused'::text);

-- An expression; Prisma has no words for it.
CREATE INDEX "BankConsent_last_use" ON "BankConsent" (greatest("grantedAt", "lastUsedAt")) WHERE "revokedAt" IS NULL;
