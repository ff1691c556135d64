/** Lets the event loop do something else. */

import { setImmediate } from 'node:timers'

export function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}
