import { expect, test } from '@playwright/test'
import { COLUMNS, History, shares, sum, WIDTH } from '../../src/state/history.ts'

test('counted by the time of the decision', () => {
  const history = new History()
  const now = 1000 * WIDTH + 5
  history.add('approved', now)
  history.add('rejected', now - WIDTH)
  history.add('rejected', now - WIDTH - 4)
  history.add('pending', now)
  history.add('approved', Number.NaN)
  // Older than the chart.
  history.add('flagged', now - COLUMNS * WIDTH)
  const columns = history.until(now)
  expect(columns).toHaveLength(COLUMNS)
  expect(columns.at(-1)).toEqual({ start: 1000 * WIDTH, counts: { approved: 1, rejected: 0, flagged: 0 } })
  expect(columns.at(-2)?.counts.rejected).toBe(2)
  expect(sum(columns)).toEqual({ approved: 1, rejected: 2, flagged: 0 })
})

test('years of decisions keep only what can be shown', () => {
  const history = new History()
  for (let column = 0; column < 10_000; column += 1) history.add('approved', column * WIDTH)
  expect(sum(history.until(9_999 * WIDTH)).approved).toBe(COLUMNS)
  expect(sum(history.until(5_000 * WIDTH)).approved).toBe(0)
})

test('shares', () => {
  expect(shares({ approved: 0, rejected: 0, flagged: 0 })).toBeUndefined()
  expect(shares({ approved: 2, rejected: 1, flagged: 1 })).toEqual({ approved: 50, rejected: 25, flagged: 25 })
})
