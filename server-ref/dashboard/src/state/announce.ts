// Announcements to screen readers. They do not interrupt the user. Decisions are announced only as totals.

import { signal } from '@preact/signals'
import type { ModerationUpdate } from '../api/types.ts'

/**
 * Delay from the first unannounced decision to the announcement of the totals, in milliseconds. The totals include the
 * decisions in between.
 */
const TOTALS_INTERVAL = 20_000

/** The text of the page's hidden live region. */
export const announcement = signal('')

const pendingCounts = new Map<string, number>()

export function announce(text: string): void {
  // Screen readers read a text only when it changes.
  announcement.value = announcement.value === text ? `${text}\u00a0` : text
}

export function announceDecisions(updates: readonly ModerationUpdate[]): void {
  if (updates.length === 0) return
  if (pendingCounts.size === 0) setTimeout(announceTotals, TOTALS_INTERVAL)
  for (const { status } of updates) pendingCounts.set(status, (pendingCounts.get(status) ?? 0) + 1)
}

function announceTotals(): void {
  const sums = [...pendingCounts].map(([status, count]) => `${count} ${status}`)
  pendingCounts.clear()
  announce(`New decisions: ${sums.join(', ')}`)
}
