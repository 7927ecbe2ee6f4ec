-- AlterTable
ALTER TABLE "User" ADD COLUMN     "agreedNotice" TEXT,
ADD COLUMN     "agreedOn" TIMESTAMPTZ(3);

-- What was agreed to, and when, or neither.
ALTER TABLE "User" ADD CONSTRAINT "User_agreed_at_some_time" CHECK (("agreedNotice" IS NULL) = ("agreedOn" IS NULL));
