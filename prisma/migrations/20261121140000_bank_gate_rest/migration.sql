-- AlterTable
ALTER TABLE "BankGate" ADD COLUMN     "restUntil" TIMESTAMPTZ(3);
