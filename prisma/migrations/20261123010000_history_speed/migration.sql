-- What a page reads of a long history is found, not looked for: the last check-offs of a habit, the last payments, those that
-- are not over yet, and those that brought something back.

-- CreateIndex
CREATE INDEX "CheckOff_habitId_at_idx" ON "CheckOff"("habitId", "at" DESC);

-- CreateIndex
CREATE INDEX "Payment_userId_id_idx" ON "Payment"("userId", "id" DESC);

-- CreateIndex
CREATE INDEX "Payment_open" ON "Payment"("userId", "createdOn") WHERE ("finalOn" IS NULL);

-- CreateIndex
CREATE INDEX "Payment_reversals" ON "Payment"("userId") WHERE (kind = 'REVERSAL'::"PaymentKind");
