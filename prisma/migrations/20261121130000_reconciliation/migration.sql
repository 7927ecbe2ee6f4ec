-- AlterTable
ALTER TABLE "ReconciliationDifference" ADD COLUMN     "holds" BOOLEAN NOT NULL DEFAULT true;

-- CreateIndex
CREATE INDEX "Account_hashedAccNo_idx" ON "Account"("hashedAccNo");
