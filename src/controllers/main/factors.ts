import type { Request, Response } from 'express'
import { t } from '../../language.ts'
import { signedIn } from '../../middleware/authentication.ts'
import { saved } from '../../middleware/session-store.ts'
import type { Factors } from '../../models/second-factor.ts'
import { paths } from '../../paths.ts'

export const adminsNeedOne = () => t('Admins sign in with a second factor: this is your only one.')

/** Leads to the one page that shows new backup codes. */
export async function showCodes(
  req: Request,
  res: Response,
  factors: Factors,
  codes: readonly string[],
): Promise<void> {
  req.session.newCodes = factors.hold(signedIn(req).id, codes)
  // The browser may ask for them before this answer has ended.
  await saved(req.session)
  res.redirect(303, paths.backupCodes)
}
