/** Timer that keeps Node's event loop running, because pending calls to the native module do not. */

import { clearInterval, setInterval } from 'node:timers'

let timer: NodeJS.Timeout | undefined
let holders = 0

/** Keeps the event loop running until the returned function is called. */
export function keepAlive(): () => void {
  if (holders++ === 0) timer = setInterval(() => {}, 0x7fffffff)
  let active = true
  return () => {
    if (!active) return
    active = false
    if (--holders === 0) clearInterval(timer)
  }
}
