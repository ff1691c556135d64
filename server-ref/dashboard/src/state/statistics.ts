// The project's counters, from the newest `stats_update` or from the REST interface, which is queried after each join.

import { signal } from '@preact/signals'
import type { Api } from '../api/http.ts'
import type { Counts, StatsUpdate } from '../api/types.ts'
import { percentages } from './history.ts'

export class Statistics {
  readonly newest = signal<StatsUpdate | undefined>(undefined)
  #updateCount = 0

  constructor(
    private readonly api: Api,
    private readonly projectId: string,
  ) {}

  update(update: StatsUpdate): void {
    this.#updateCount += 1
    this.newest.value = update
  }

  /** Requests the counters. Failures are not shown, because the next update corrects the counters. */
  async refresh(): Promise<void> {
    const before = this.#updateCount
    const query = new URLSearchParams({ project_id: this.projectId })
    const answer = await this.api.get<{ stats: Counts }>(`/api/stats?${query}`).catch(() => undefined)
    // An update that arrived during the request may be newer than the answer.
    if (answer === undefined || this.#updateCount !== before) return
    const { stats } = answer
    const rates = percentages(stats) ?? { approved: 0, rejected: 0, flagged: 0 }
    this.newest.value = {
      ...stats,
      approval_rate: rates.approved,
      rejection_rate: rates.rejected,
      flag_rate: rates.flagged,
    }
  }
}
