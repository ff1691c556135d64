// The authors of recently decided items, in descending order of risk.

import { signal } from '@preact/signals'
import type { UserActivity } from '../api/types.ts'

const SHOWN_AUTHORS = 6
const KEPT_AUTHORS = 200

export class Authors {
  readonly #latest = new Map<string, UserActivity>()
  readonly riskiest = signal<readonly UserActivity[]>([])

  add(activities: readonly UserActivity[]): void {
    for (const activity of activities) {
      // The newest entry moves to the end, so that the first entries belong to the least recently active authors.
      this.#latest.delete(activity.user_id)
      this.#latest.set(activity.user_id, activity)
    }
    const surplus = this.#latest.size - KEPT_AUTHORS
    for (const id of [...this.#latest.keys()].slice(0, Math.max(0, surplus))) this.#latest.delete(id)
    const byRisk = (a: UserActivity, b: UserActivity) => b.activity.risk_score - a.activity.risk_score
    this.riskiest.value = [...this.#latest.values()].sort(byRisk).slice(0, SHOWN_AUTHORS)
  }
}
