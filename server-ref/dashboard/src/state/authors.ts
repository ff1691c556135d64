// The authors of recently decided items, the riskiest first.

import { signal } from '@preact/signals'
import type { UserActivity } from '../api/types.ts'

const SHOWN = 6
const KEPT = 200

export class Authors {
  readonly #latest = new Map<string, UserActivity>()
  readonly top = signal<readonly UserActivity[]>([])

  add(activities: readonly UserActivity[]): void {
    for (const activity of activities) {
      // Moved to the end: the map drops the least recently active author.
      this.#latest.delete(activity.user_id)
      this.#latest.set(activity.user_id, activity)
    }
    const surplus = this.#latest.size - KEPT
    for (const id of [...this.#latest.keys()].slice(0, Math.max(0, surplus))) this.#latest.delete(id)
    const byRisk = (a: UserActivity, b: UserActivity) => b.activity.risk_score - a.activity.risk_score
    this.top.value = [...this.#latest.values()].sort(byRisk).slice(0, SHOWN)
  }
}
