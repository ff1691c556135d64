/** A pause in which the event loop runs other work. */

import { setImmediate } from 'node:timers'

export function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}
