import { expect, test } from '@playwright/test'
import { COLUMN_COUNT, COLUMN_MILLIS, DecisionHistory, percentages, sumCounts } from '../../src/state/history.ts'

test('decisions are counted by their time', () => {
  const history = new DecisionHistory()
  const now = 1000 * COLUMN_MILLIS + 5
  history.add('approved', now)
  history.add('rejected', now - COLUMN_MILLIS)
  history.add('rejected', now - COLUMN_MILLIS - 4)
  history.add('pending', now)
  history.add('approved', Number.NaN)
  // This decision is too old for the chart.
  history.add('flagged', now - COLUMN_COUNT * COLUMN_MILLIS)
  const columns = history.columnsUntil(now)
  expect(columns).toHaveLength(COLUMN_COUNT)
  expect(columns.at(-1)).toEqual({ start: 1000 * COLUMN_MILLIS, counts: { approved: 1, rejected: 0, flagged: 0 } })
  expect(columns.at(-2)?.counts.rejected).toBe(2)
  expect(sumCounts(columns)).toEqual({ approved: 1, rejected: 2, flagged: 0 })
})

test('only decisions that can be shown are kept', () => {
  const history = new DecisionHistory()
  for (let column = 0; column < 10_000; column += 1) history.add('approved', column * COLUMN_MILLIS)
  expect(sumCounts(history.columnsUntil(9_999 * COLUMN_MILLIS)).approved).toBe(COLUMN_COUNT)
  expect(sumCounts(history.columnsUntil(5_000 * COLUMN_MILLIS)).approved).toBe(0)
})

test('percentages add up to 100, or are undefined without decisions', () => {
  expect(percentages({ approved: 0, rejected: 0, flagged: 0 })).toBeUndefined()
  expect(percentages({ approved: 2, rejected: 1, flagged: 1 })).toEqual({ approved: 50, rejected: 25, flagged: 25 })
})
