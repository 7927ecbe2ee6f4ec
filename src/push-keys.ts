/** `npm run push:keys`: a new key for notifications, as the settings take it. */
import { newPushKey } from './push/index.ts'

console.log(`WEB_PUSH=on\nVAPID_PRIVATE_KEY=${newPushKey()}`)
