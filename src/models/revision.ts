/**
 * SQL: a text that is another as soon as anything of a saver's that pages show is another; triggers see to it (0048). An admin's
 * stop of all payments is in it, for every saver is told of it.
 * @param saverId an expression of the statement that it stands in.
 */
export function marked(saverId: string): string {
  return `concat((SELECT revision FROM "SaverRevision" WHERE "userId" = ${saverId}), ' ',
    (SELECT id FROM "PaymentStop" WHERE "endedOn" IS NULL))`
}
