/** What keeps Node's event loop running: one timer for all that is waited for, because a call from a thread can't. */

import { clearInterval, setInterval } from 'node:timers'

let timer: NodeJS.Timeout | undefined
let holders = 0

/** Keeps the event loop running until the returned function is called. */
export function hold(): () => void {
  if (holders++ === 0) timer = setInterval(() => {}, 0x7fffffff)
  let held = true
  return () => {
    if (!held) return
    held = false
    if (--holders === 0) clearInterval(timer)
  }
}
