// The project's counters: from the newest `stats_update`, or before the first one, from REST.

import { signal } from '@preact/signals'
import type { Api } from '../api/http.ts'
import type { Counts, StatsUpdate } from '../api/types.ts'
import { shares } from './history.ts'

export class Statistics {
  readonly newest = signal<StatsUpdate | undefined>(undefined)
  #updates = 0

  constructor(
    private readonly api: Api,
    private readonly projectId: string,
  ) {}

  heard(update: StatsUpdate): void {
    this.#updates += 1
    this.newest.value = update
  }

  /** Failures are not shown: the counters keep their values, and the next update corrects them. */
  async refresh(): Promise<void> {
    const before = this.#updates
    const query = new URLSearchParams({ project_id: this.projectId })
    const answer = await this.api.get<{ stats: Counts }>(`/api/stats?${query}`).catch(() => undefined)
    // An update that arrived in the meantime is newer.
    if (answer === undefined || this.#updates !== before) return
    const { stats } = answer
    const rates = shares(stats) ?? { approved: 0, rejected: 0, flagged: 0 }
    this.newest.value = {
      ...stats,
      approval_rate: rates.approved,
      rejection_rate: rates.rejected,
      flag_rate: rates.flagged,
    }
  }
}
