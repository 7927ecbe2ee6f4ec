/** A trail of who held which payment when, and of when the bank was left alone; written by triggers in the test's own database. */
import type { Look } from './database.ts'

/** From here on `process` held the payment, or let go of it (`owner` null), in this state. */
export interface Track {
  paymentId: string
  userId: string
  at: number
  process: string
  owner: string | null
  state: string
}

export interface GateTrack {
  at: number
  closedUntil: number | null
}

export async function layTrail(look: Look): Promise<void> {
  await look.rows(`
    CREATE SCHEMA crash;
    CREATE TABLE crash.track (
      id bigserial PRIMARY KEY, at timestamptz NOT NULL, process text NOT NULL, "paymentId" uuid NOT NULL,
      "userId" uuid NOT NULL, owner uuid,
      state text NOT NULL);
    CREATE TABLE crash.gate (id bigserial PRIMARY KEY, at timestamptz NOT NULL, "closedUntil" timestamptz);
    CREATE FUNCTION crash.note_payment() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
      INSERT INTO crash.track (at, process, "paymentId", "userId", owner, state)
      VALUES (clock_timestamp(), current_setting('application_name'), NEW.id, NEW."userId", NEW."leaseOwner", NEW.state);
      RETURN NULL;
    END $$;
    CREATE FUNCTION crash.note_gate() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
      INSERT INTO crash.gate (at, "closedUntil") VALUES (clock_timestamp(), NEW."closedUntil");
      RETURN NULL;
    END $$;
    CREATE TRIGGER crash_track AFTER UPDATE ON "Payment" FOR EACH ROW
      WHEN (OLD."leaseOwner" IS DISTINCT FROM NEW."leaseOwner" OR OLD.state IS DISTINCT FROM NEW.state)
      EXECUTE FUNCTION crash.note_payment();
    CREATE TRIGGER crash_gate AFTER UPDATE ON "BankGate" FOR EACH ROW
      WHEN (OLD."closedUntil" IS DISTINCT FROM NEW."closedUntil") EXECUTE FUNCTION crash.note_gate();`)
}

export async function readTrail(look: Look): Promise<Track[]> {
  const rows = await look.rows<Omit<Track, 'at'> & { at: Date }>(
    `SELECT "paymentId", "userId", at, process, owner, state FROM crash.track ORDER BY "paymentId", at, id`,
  )
  return rows.map((row) => ({ ...row, at: row.at.getTime() }))
}

export async function readGate(look: Look): Promise<GateTrack[]> {
  const rows = await look.rows<{ at: Date; closedUntil: Date | null }>(
    `SELECT at, "closedUntil" FROM crash.gate ORDER BY at, id`,
  )
  return rows.map((row) => ({ at: row.at.getTime(), closedUntil: row.closedUntil?.getTime() ?? null }))
}
