-- CreateIndex
CREATE INDEX "BankCall_api_at_idx" ON "BankCall"("api", "at" DESC);

-- CreateIndex
CREATE INDEX "BankCall_trouble" ON "BankCall"("outcome", "at" DESC) WHERE (outcome <> 'ok'::text);

-- CreateIndex
CREATE INDEX "BankCall_requestId_idx" ON "BankCall"("requestId");

-- CreateIndex
CREATE INDEX "AuditEvent_action_at_idx" ON "AuditEvent"("action", "at" DESC);

-- CreateIndex
CREATE INDEX "AuditEvent_actorId_at_idx" ON "AuditEvent"("actorId", "at" DESC);
