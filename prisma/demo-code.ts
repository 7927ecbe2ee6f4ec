/** npm run demo:code: what the demo admin's authenticator app would show now. */
import { generateSync } from 'otplib'
import { DEMO_ADMIN } from './demo.ts'

console.log(generateSync({ secret: DEMO_ADMIN.authenticatorKey }))
