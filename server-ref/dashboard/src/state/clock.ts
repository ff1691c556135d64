// The time of the chart, in steps.

import { signal } from '@preact/signals'

const STEP = 5000

export const now = signal(Date.now())

setInterval(() => {
  now.value = Date.now()
}, STEP)
