// Decision counts over time, for the chart.

export const COLUMN_MILLIS = 15_000
export const COLUMN_COUNT = 60

export const OUTCOMES = ['approved', 'rejected', 'flagged'] as const
export type Outcome = (typeof OUTCOMES)[number]

/** Decision counts for the `COLUMN_MILLIS` milliseconds that begin at `start`. */
export interface Column {
  start: number
  counts: Record<Outcome, number>
}

export function isOutcome(status: string): status is Outcome {
  return (OUTCOMES as readonly string[]).includes(status)
}

const zeroCounts = (): Record<Outcome, number> => ({ approved: 0, rejected: 0, flagged: 0 })

/** Counts of decisions by time. Counts that are too old for the chart are dropped, so the size is bounded. */
export class DecisionHistory {
  readonly #columns = new Map<number, Record<Outcome, number>>()

  add(status: string, at: number): void {
    if (!isOutcome(status) || Number.isNaN(at)) return
    const start = at - (at % COLUMN_MILLIS)
    const counts = this.#columns.get(start) ?? zeroCounts()
    counts[status] += 1
    this.#columns.set(start, counts)
    if (this.#columns.size > 2 * COLUMN_COUNT) this.#dropOldColumns()
  }

  /** Returns the columns up to this time, in ascending order. */
  columnsUntil(now: number): Column[] {
    const newest = now - (now % COLUMN_MILLIS)
    return Array.from({ length: COLUMN_COUNT }, (_, index) => {
      const start = newest - (COLUMN_COUNT - 1 - index) * COLUMN_MILLIS
      return { start, counts: { ...(this.#columns.get(start) ?? zeroCounts()) } }
    })
  }

  #dropOldColumns(): void {
    const starts = [...this.#columns.keys()].sort((a, b) => a - b)
    for (const start of starts.slice(0, -COLUMN_COUNT)) this.#columns.delete(start)
  }
}

/** Returns the percentage of each outcome, or undefined if there are no decisions. */
export function percentages(counts: Record<Outcome, number>): Record<Outcome, number> | undefined {
  const total = counts.approved + counts.rejected + counts.flagged
  if (total === 0) return undefined
  return {
    approved: (counts.approved / total) * 100,
    rejected: (counts.rejected / total) * 100,
    flagged: (counts.flagged / total) * 100,
  }
}

export function sumCounts(columns: readonly Column[]): Record<Outcome, number> {
  const total = zeroCounts()
  for (const { counts } of columns) for (const outcome of OUTCOMES) total[outcome] += counts[outcome]
  return total
}
