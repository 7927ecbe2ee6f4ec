import { ManualClock } from '../../src/clock.ts'

/** A moved clock that knows how many wait on it. */
export class WatchedClock extends ManualClock {
  sleepers = 0

  override async sleep(milliseconds: number): Promise<void> {
    this.sleepers += 1
    await super.sleep(milliseconds)
    this.sleepers -= 1
  }
}
