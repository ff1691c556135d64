// The newest decisions, newest first, and where something is missing between them.

import { computed, signal } from '@preact/signals'
import type { ModerationUpdate } from '../api/types.ts'

/** Rows kept, and drawn. */
export const ROWS = 150

export type Row =
  | { kind: 'decision'; key: string; update: ModerationUpdate }
  /** `missed`: how many; undefined when nobody knows. */
  | { kind: 'gap'; key: string; missed: number | undefined }

export class Feed {
  readonly #rows = signal<readonly Row[]>([])
  /** What is shown while the list is held still. */
  readonly #held = signal<readonly Row[] | undefined>(undefined)
  readonly #since = signal(0)
  readonly status = signal('')

  readonly rows = computed(() => {
    const rows = this.#held.value ?? this.#rows.value
    const status = this.status.value
    return status === '' ? rows : rows.filter((row) => row.kind === 'gap' || row.update.status === status)
  })
  readonly isPaused = computed(() => this.#held.value !== undefined)
  /** Decisions that came since it is paused. */
  readonly waiting = computed(() => (this.isPaused.value ? this.#since.value : 0))

  /** Oldest first, as they came. */
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
