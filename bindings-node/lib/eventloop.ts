/** Yields to other work in the event loop. */

import { setImmediate } from 'node:timers'

export function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}
