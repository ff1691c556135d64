// The newest decisions, newest first, with marks where events are missing.

import { computed, signal } from '@preact/signals'
import type { ModerationUpdate } from '../api/types.ts'

/** The number of rows kept, and drawn. */
export const ROWS = 150

export type Row =
  | { kind: 'decision'; key: string; update: ModerationUpdate }
  /** `missed`: their number; undefined if unknown. */
  | { kind: 'gap'; key: string; missed: number | undefined }

export class Feed {
  readonly #rows = signal<readonly Row[]>([])
  /** The rows shown while the list is paused. */
  readonly #held = signal<readonly Row[] | undefined>(undefined)
  readonly #since = signal(0)
  readonly status = signal('')

  readonly rows = computed(() => {
    const rows = this.#held.value ?? this.#rows.value
    const status = this.status.value
    return status === '' ? rows : rows.filter((row) => row.kind === 'gap' || row.update.status === status)
  })
  readonly isPaused = computed(() => this.#held.value !== undefined)
  /** Decisions that arrived during the pause. */
  readonly waiting = computed(() => (this.isPaused.value ? this.#since.value : 0))

  /** Oldest first, in order of arrival. */
  add(rows: readonly Row[]): void {
    this.#rows.value = [...rows.toReversed(), ...this.#rows.value].slice(0, ROWS)
    this.#since.value += rows.length
  }

  pause(): void {
    this.#since.value = 0
    this.#held.value = this.#rows.value
  }

  resume(): void {
    this.#held.value = undefined
  }
}
