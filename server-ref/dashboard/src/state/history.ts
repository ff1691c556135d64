// Decisions counted by time, for the chart.

export const WIDTH = 15_000
export const COLUMNS = 60

export const OUTCOMES = ['approved', 'rejected', 'flagged'] as const
export type Outcome = (typeof OUTCOMES)[number]

/** The number of decisions of each kind in the `WIDTH` milliseconds from `start`. */
export interface Column {
  start: number
  counts: Record<Outcome, number>
}

export function isOutcome(status: string): status is Outcome {
  return (OUTCOMES as readonly string[]).includes(status)
}

const nothing = (): Record<Outcome, number> => ({ approved: 0, rejected: 0, flagged: 0 })

/** Bounded: nothing older than the chart shows is kept. */
export class History {
  readonly #columns = new Map<number, Record<Outcome, number>>()

  add(status: string, at: number): void {
    if (!isOutcome(status) || Number.isNaN(at)) return
    const start = at - (at % WIDTH)
    const counts = this.#columns.get(start) ?? nothing()
    counts[status] += 1
    this.#columns.set(start, counts)
    if (this.#columns.size > 2 * COLUMNS) this.#forget()
  }

  /** The columns up to this moment, oldest first. */
  until(now: number): Column[] {
    const newest = now - (now % WIDTH)
    return Array.from({ length: COLUMNS }, (_, index) => {
      const start = newest - (COLUMNS - 1 - index) * WIDTH
      return { start, counts: { ...(this.#columns.get(start) ?? nothing()) } }
    })
  }

  #forget(): void {
    const starts = [...this.#columns.keys()].sort((a, b) => a - b)
    for (const start of starts.slice(0, -COLUMNS)) this.#columns.delete(start)
  }
}

/** Percentages of the decisions, or undefined if there were none. */
export function shares(counts: Record<Outcome, number>): Record<Outcome, number> | undefined {
  const total = counts.approved + counts.rejected + counts.flagged
  if (total === 0) return undefined
  return {
    approved: (counts.approved / total) * 100,
    rejected: (counts.rejected / total) * 100,
    flagged: (counts.flagged / total) * 100,
  }
}

export function sum(columns: readonly Column[]): Record<Outcome, number> {
  const total = nothing()
  for (const { counts } of columns) for (const outcome of OUTCOMES) total[outcome] += counts[outcome]
  return total
}
