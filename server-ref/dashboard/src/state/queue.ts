// The items that wait for a person's decision.

import { signal } from '@preact/signals'
import { type Api, explain } from '../api/http.ts'
import type { Content, ModerationUpdate } from '../api/types.ts'

export type Decision = 'approve' | 'reject'

/** `sending`: decided here, and not confirmed yet. `failed`: the reason that it failed. */
export type Progress = { step: 'sending'; decision: Decision } | { step: 'failed'; message: string }

export interface Entry {
  content: Content
  progress: Progress | undefined
}

const PER_PAGE = 50
/** Cards drawn at most. */
const LONGEST = 200
/** The pause between two requests of the queue while it grows. */
const PAUSE = 1500

interface Listed {
  content: Content[]
  pagination: { total: number }
}

export class Queue {
  readonly entries = signal<readonly Entry[] | undefined>(undefined)
  readonly total = signal(0)
  readonly problem = signal<string | undefined>(undefined)
  /** Items decided here or elsewhere, which a list requested earlier must not bring back. */
  readonly #decided = new Set<string>()
  #wanted = PER_PAGE
  #timer: ReturnType<typeof setTimeout> | undefined
  #request = 0

  constructor(
    private readonly api: Api,
    private readonly projectId: string,
  ) {}

  async refresh(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#decided.clear()
    this.#request += 1
    const request = this.#request
    try {
      const found: Content[] = []
      let total = 0
      for (let page = 1; found.length < this.#wanted; page += 1) {
        const query = new URLSearchParams({ project_id: this.projectId, status: 'flagged', per_page: `${PER_PAGE}` })
        query.set('page', `${page}`)
        const listed = await this.api.get<Listed>(`/api/content?${query}`)
        if (request !== this.#request) return
        found.push(...listed.content)
        total = listed.pagination.total
        if (listed.content.length < PER_PAGE) break
      }
      this.#show(found, total)
      this.problem.value = undefined
    } catch (error) {
      if (request === this.#request) this.problem.value = explain(error)
    }
  }

  get canShowMore(): boolean {
    return this.#wanted < LONGEST && (this.entries.value?.length ?? 0) < this.total.value
  }

  more(): Promise<void> {
    this.#wanted = Math.min(LONGEST, this.#wanted + PER_PAGE)
    return this.refresh()
  }

  /** The queue according to events. */
  heard(updates: readonly ModerationUpdate[]): void {
    for (const { content_id, status } of updates) {
      if (status === 'flagged') {
        this.#decided.delete(content_id)
        this.#timer ??= setTimeout(() => void this.refresh(), PAUSE)
      } else if (status !== 'pending') {
        this.#remove(content_id)
      }
    }
  }

  /** Shown as decided at once; if the request fails, the item returns with the reason. */
  async decide(id: string, decision: Decision, reason: string): Promise<boolean> {
    this.#progress(id, { step: 'sending', decision })
    try {
      const query = new URLSearchParams({ project_id: this.projectId })
      await this.api.post(`/api/content/${encodeURIComponent(id)}/review?${query}`, { decision, reason })
      this.#remove(id)
      return true
    } catch (error) {
      this.#progress(id, { step: 'failed', message: explain(error) })
      return false
    }
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#request += 1
  }

  #show(found: readonly Content[], total: number): void {
    const before = new Map(this.entries.value?.map((entry) => [entry.content.id, entry.progress]))
    const open = found.filter((content) => !this.#decided.has(content.id))
    this.entries.value = open
      .slice(0, LONGEST)
      .map((content) => ({ content, progress: before.get(content.id) }) satisfies Entry)
    this.total.value = Math.max(open.length, total - (found.length - open.length))
  }

  #remove(id: string): void {
    this.#decided.add(id)
    const before = this.entries.value ?? []
    const after = before.filter((entry) => entry.content.id !== id)
    if (after.length === before.length) return
    this.entries.value = after
    this.total.value = Math.max(after.length, this.total.value - 1)
  }

  #progress(id: string, progress: Progress): void {
    this.entries.value = this.entries.value?.map((entry) =>
      entry.content.id === id ? { content: entry.content, progress } : entry,
    )
  }
}
