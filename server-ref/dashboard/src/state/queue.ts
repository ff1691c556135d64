// The queue of items to be reviewed.

import { signal } from '@preact/signals'
import { type Api, errorMessage } from '../api/http.ts'
import type { Content, ModerationUpdate } from '../api/types.ts'

export type Decision = 'approve' | 'reject'

/** Progress of a decision: `sending` until the server confirms the decision, or `failed` with the reason. */
export type Progress = { step: 'sending'; decision: Decision } | { step: 'failed'; message: string }

export interface QueueEntry {
  content: Content
  progress: Progress | undefined
}

const ITEMS_PER_PAGE = 50
/** Maximum number of items shown. */
const MAX_ENTRIES = 200
/**
 * Delay in milliseconds from an update that flags an item to the request for the queue. Further updates during the
 * delay cause no further request.
 */
const REFRESH_DELAY = 1500

interface ContentPage {
  content: Content[]
  pagination: { total: number }
}

export class Queue {
  readonly entries = signal<readonly QueueEntry[] | undefined>(undefined)
  readonly total = signal(0)
  readonly problem = signal<string | undefined>(undefined)
  /** Ids of the items decided since the last request was sent. Its answer must not return them to the queue. */
  readonly #decided = new Set<string>()
  #entryLimit = ITEMS_PER_PAGE
  #timer: ReturnType<typeof setTimeout> | undefined
  #lastRequest = 0

  constructor(
    private readonly api: Api,
    private readonly projectId: string,
  ) {}

  async refresh(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#decided.clear()
    this.#lastRequest += 1
    const request = this.#lastRequest
    try {
      const found: Content[] = []
      let total = 0
      for (let page = 1; found.length < this.#entryLimit; page += 1) {
        const query = new URLSearchParams({
          project_id: this.projectId,
          status: 'flagged',
          per_page: `${ITEMS_PER_PAGE}`,
        })
        query.set('page', `${page}`)
        const contentPage = await this.api.get<ContentPage>(`/api/content?${query}`)
        if (request !== this.#lastRequest) return
        found.push(...contentPage.content)
        total = contentPage.pagination.total
        if (contentPage.content.length < ITEMS_PER_PAGE) break
      }
      this.#replaceEntries(found, total)
      this.problem.value = undefined
    } catch (error) {
      if (request === this.#lastRequest) this.problem.value = errorMessage(error)
    }
  }

  get canShowMore(): boolean {
    return this.#entryLimit < MAX_ENTRIES && (this.entries.value?.length ?? 0) < this.total.value
  }

  showMore(): Promise<void> {
    this.#entryLimit = Math.min(MAX_ENTRIES, this.#entryLimit + ITEMS_PER_PAGE)
    return this.refresh()
  }

  /** Updates the queue when items are flagged or decided. */
  update(updates: readonly ModerationUpdate[]): void {
    for (const { content_id, status } of updates) {
      if (status === 'flagged') {
        this.#decided.delete(content_id)
        this.#timer ??= setTimeout(() => void this.refresh(), REFRESH_DELAY)
      } else if (status !== 'pending') {
        this.#removeEntry(content_id)
      }
    }
  }

  /** Sends a decision, and shows its progress. Returns true if the server confirmed it. */
  async decide(id: string, decision: Decision, reason: string): Promise<boolean> {
    this.#setProgress(id, { step: 'sending', decision })
    try {
      const query = new URLSearchParams({ project_id: this.projectId })
      await this.api.post(`/api/content/${encodeURIComponent(id)}/review?${query}`, { decision, reason })
      this.#removeEntry(id)
      return true
    } catch (error) {
      this.#setProgress(id, { step: 'failed', message: errorMessage(error) })
      return false
    }
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#lastRequest += 1
  }

  #replaceEntries(found: readonly Content[], total: number): void {
    const before = new Map(this.entries.value?.map((entry) => [entry.content.id, entry.progress]))
    const open = found.filter((content) => !this.#decided.has(content.id))
    this.entries.value = open
      .slice(0, MAX_ENTRIES)
      .map((content) => ({ content, progress: before.get(content.id) }) satisfies QueueEntry)
    this.total.value = Math.max(open.length, total - (found.length - open.length))
  }

  #removeEntry(id: string): void {
    this.#decided.add(id)
    const before = this.entries.value ?? []
    const after = before.filter((entry) => entry.content.id !== id)
    if (after.length === before.length) return
    this.entries.value = after
    this.total.value = Math.max(after.length, this.total.value - 1)
  }

  #setProgress(id: string, progress: Progress): void {
    this.entries.value = this.entries.value?.map((entry) =>
      entry.content.id === id ? { content: entry.content, progress } : entry,
    )
  }
}
