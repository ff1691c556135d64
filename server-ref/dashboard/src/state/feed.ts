// The latest decisions, newest first, with marks where events are missing.

import { computed, signal } from '@preact/signals'
import type { ModerationUpdate } from '../api/types.ts'

/** Maximum number of rows that are kept and shown. */
export const MAX_ROWS = 150

export type Row =
  | { kind: 'decision'; key: string; update: ModerationUpdate }
  /** `missed` is the number of missing events, or undefined if it is unknown. */
  | { kind: 'gap'; key: string; missed: number | undefined }

export class Feed {
  readonly #rows = signal<readonly Row[]>([])
  /** Rows shown while the list is paused. */
  readonly #pausedRows = signal<readonly Row[] | undefined>(undefined)
  readonly #addedSincePause = signal(0)
  readonly statusFilter = signal('')

  readonly rows = computed(() => {
    const rows = this.#pausedRows.value ?? this.#rows.value
    const status = this.statusFilter.value
    return status === '' ? rows : rows.filter((row) => row.kind === 'gap' || row.update.status === status)
  })
  readonly isPaused = computed(() => this.#pausedRows.value !== undefined)
  /** Number of rows added since the list was paused, including gaps. */
  readonly addedDuringPause = computed(() => (this.isPaused.value ? this.#addedSincePause.value : 0))

  /** Adds rows, which are given in order of arrival. */
  add(rows: readonly Row[]): void {
    this.#rows.value = [...rows.toReversed(), ...this.#rows.value].slice(0, MAX_ROWS)
    this.#addedSincePause.value += rows.length
  }

  pause(): void {
    this.#addedSincePause.value = 0
    this.#pausedRows.value = this.#rows.value
  }

  resume(): void {
    this.#pausedRows.value = undefined
  }
}
