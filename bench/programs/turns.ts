/** Loaded before a program that works only when it is its turn: told to pause, it stands still until a byte comes. */
import { readSync } from 'node:fs'

/** The pipe beside the channel. It ends with the parent, however that ends, and then the program goes on and hears of it. */
const TURN_FD = 4

process.on('message', (word) => {
  if (word === 'pause')
    process.send?.('paused', undefined, undefined, () => void readSync(TURN_FD, Buffer.alloc(1)))
})
