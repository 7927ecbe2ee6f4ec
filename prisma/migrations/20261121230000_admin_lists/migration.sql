-- CreateIndex
CREATE INDEX "BankCall_api_at_idx" ON "BankCall"("api", "at" DESC);

-- CreateIndex
CREATE INDEX "BankCall_trouble" ON "BankCall"("outcome", "at" DESC) WHERE (outcome <> 'ok'::text);

-- CreateIndex
CREATE INDEX "BankCall_requestId_idx" ON "BankCall"("requestId");

-- CreateIndex
CREATE INDEX "AuditEvent_action_at_idx" ON "AuditEvent"("action", "at" DESC);

-- CreateIndex
CREATE INDEX "AuditEvent_of_object" ON "AuditEvent"("objectId", "at" DESC) WHERE ("objectId" IS NOT NULL);

-- CreateIndex
CREATE INDEX "AuditEvent_actorId_at_idx" ON "AuditEvent"("actorId", "at" DESC);

-- CreateIndex
CREATE INDEX "User_createdOn_idx" ON "User"("createdOn" DESC);

-- CreateIndex
CREATE INDEX "User_not_active" ON "User"("createdOn" DESC) WHERE (status <> 'ACTIVE'::"UserStatus");

-- CreateIndex
CREATE INDEX "User_admins" ON "User"("createdOn" DESC) WHERE (role = 'ADMIN'::"Role");

-- By the beginning of an address or a name; Prisma has no words for these.
CREATE INDEX "User_email_begins" ON "User" (lower(email) text_pattern_ops);
CREATE INDEX "User_name_begins" ON "User" (lower("fullName") text_pattern_ops);

-- CreateIndex
CREATE INDEX "Payment_not_paid" ON "Payment"("state", "id" DESC) WHERE (state <> 'PAID'::"PaymentState");

-- CreateTable
CREATE TABLE "JobRun" (
    "name" TEXT NOT NULL,
    "startedOn" TIMESTAMPTZ(3) NOT NULL,
    "finishedOn" TIMESTAMPTZ(3) NOT NULL,
    "failedOn" TIMESTAMPTZ(3),
    "error" TEXT,

    CONSTRAINT "JobRun_pkey" PRIMARY KEY ("name")
);
