// Notifications: those in force, those that arrived, and those shown for a moment.

import { signal } from '@preact/signals'
import { type Api, explain } from '../api/http.ts'
import type { Notification, SystemNotification } from '../api/types.ts'
import type { Origin } from '../live/follower.ts'

const KEPT = 50
const TOASTS = 3

export interface Notice {
  key: string
  type: string
  message: string
  timestamp: string
  isPersistent: boolean
}

export interface NotificationDraft {
  type: string
  message: string
  persistent: boolean
  project_id: string
}

export class Notices {
  /** Persistent ones, until they are withdrawn. */
  readonly inForce = signal<readonly Notification[]>([])
  readonly recent = signal<readonly Notice[]>([])
  readonly toasts = signal<readonly Notice[]>([])
  /** Ids of persistent ones whose banner was closed here. */
  readonly closed = signal<ReadonlySet<string>>(new Set())
  readonly problem = signal<string | undefined>(undefined)
  #request = 0

  constructor(
    private readonly api: Api,
    private readonly projectId: string,
  ) {}

  async refresh(): Promise<void> {
    this.#request += 1
    const request = this.#request
    try {
      const query = new URLSearchParams({ project_id: this.projectId })
      const { notifications } = await this.api.get<{ notifications: Notification[] }>(`/api/notifications?${query}`)
      if (request !== this.#request) return
      this.inForce.value = notifications
      this.problem.value = undefined
    } catch (error) {
      if (request === this.#request) this.problem.value = explain(error)
    }
  }

  heard(events: readonly { data: SystemNotification; origin: Origin }[]): void {
    const notices = events.map(({ data }) => ({
      key: `${data.event_id}`,
      type: data.type,
      message: data.message,
      timestamp: data.timestamp,
      isPersistent: data.persistent,
    }))
    this.recent.value = [...notices.toReversed(), ...this.recent.value].slice(0, KEPT)
    const live = notices.filter((_, index) => events[index]?.origin === 'live')
    const passing = live.filter((notice) => !notice.isPersistent)
    this.toasts.value = [...this.toasts.value, ...passing].slice(-TOASTS)
    // Requests the notifications in force, because the log may hold one that was withdrawn since.
    if (notices.some((notice) => notice.isPersistent)) void this.refresh()
  }

  dismiss(notice: Notice): void {
    this.toasts.value = this.toasts.value.filter((toast) => toast !== notice)
  }

  closeBanner(id: string): void {
    this.closed.value = new Set([...this.closed.value, id])
  }

  /** Throws the server's refusal. */
  async publish(draft: NotificationDraft): Promise<void> {
    await this.api.post('/api/notifications', draft)
  }

  async withdraw(id: string): Promise<void> {
    await this.api.delete(`/api/notifications/${encodeURIComponent(id)}`)
    await this.refresh()
  }

  close(): void {
    this.#request += 1
  }
}
