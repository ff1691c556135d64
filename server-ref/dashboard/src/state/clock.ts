// The current time, in steps of five seconds. Each step redraws the chart.

import { signal } from '@preact/signals'

const UPDATE_INTERVAL = 5000

export const now = signal(Date.now())

setInterval(() => {
  now.value = Date.now()
}, UPDATE_INTERVAL)
