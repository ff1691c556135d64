// Announcements to screen readers: polite, and for a busy project only occasional totals.

import { signal } from '@preact/signals'
import type { ModerationUpdate } from '../api/types.ts'

/** Between two sums. */
const PAUSE = 20_000

/** The text of the page's one live region. */
export const announced = signal('')

const waiting = new Map<string, number>()

export function announce(text: string): void {
  // A text that does not change is not read again.
  announced.value = announced.value === text ? `${text}\u00a0` : text
}

export function announceDecisions(updates: readonly ModerationUpdate[]): void {
  if (updates.length === 0) return
  if (waiting.size === 0) setTimeout(tell, PAUSE)
  for (const { status } of updates) waiting.set(status, (waiting.get(status) ?? 0) + 1)
}

function tell(): void {
  const sums = [...waiting].map(([status, count]) => `${count} ${status}`)
  waiting.clear()
  announce(`New decisions: ${sums.join(', ')}`)
}
