// The current time, in steps of five seconds: the chart is redrawn once per step.

import { signal } from '@preact/signals'

const UPDATE_INTERVAL = 5000

export const now = signal(Date.now())

setInterval(() => {
  now.value = Date.now()
}, UPDATE_INTERVAL)
