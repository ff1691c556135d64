/** Returns a promise that resolves after the event loop has processed other pending work. */

import { setImmediate } from 'node:timers'

export function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}
