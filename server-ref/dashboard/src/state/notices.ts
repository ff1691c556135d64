// Notifications: persistent ones in force, those that arrived recently, and temporary ones shown as toasts.

import { signal } from '@preact/signals'
import { type Api, errorMessage } from '../api/http.ts'
import type { Notification, SystemNotification } from '../api/types.ts'
import type { Origin } from '../live/follower.ts'

const MAX_RECENT = 50
const MAX_TOASTS = 3

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
  /** Persistent notifications that have not been withdrawn. */
  readonly inForce = signal<readonly Notification[]>([])
  readonly recent = signal<readonly Notice[]>([])
  readonly toasts = signal<readonly Notice[]>([])
  /** Ids of persistent notifications whose banners the user closed. */
  readonly closedBanners = signal<ReadonlySet<string>>(new Set())
  readonly problem = signal<string | undefined>(undefined)
  #lastRequest = 0

  constructor(
    private readonly api: Api,
    private readonly projectId: string,
  ) {}

  async refresh(): Promise<void> {
    this.#lastRequest += 1
    const request = this.#lastRequest
    try {
      const query = new URLSearchParams({ project_id: this.projectId })
      const { notifications } = await this.api.get<{ notifications: Notification[] }>(`/api/notifications?${query}`)
      if (request !== this.#lastRequest) return
      this.inForce.value = notifications
      this.problem.value = undefined
    } catch (error) {
      if (request === this.#lastRequest) this.problem.value = errorMessage(error)
    }
  }

  addEvents(events: readonly { data: SystemNotification; origin: Origin }[]): void {
    const notices = events.map(({ data }) => ({
      key: `${data.event_id}`,
      type: data.type,
      message: data.message,
      timestamp: data.timestamp,
      isPersistent: data.persistent,
    }))
    this.recent.value = [...notices.toReversed(), ...this.recent.value].slice(0, MAX_RECENT)
    const live = notices.filter((_, index) => events[index]?.origin === 'live')
    const temporary = live.filter((notice) => !notice.isPersistent)
    this.toasts.value = [...this.toasts.value, ...temporary].slice(-MAX_TOASTS)
    // The log may contain a notification that has since been withdrawn, so the page requests the notifications in
    // force.
    if (notices.some((notice) => notice.isPersistent)) void this.refresh()
  }

  dismissToast(notice: Notice): void {
    this.toasts.value = this.toasts.value.filter((toast) => toast !== notice)
  }

  closeBanner(id: string): void {
    this.closedBanners.value = new Set([...this.closedBanners.value, id])
  }

  /** Publishes a notification. Throws if the request fails. */
  async publish(draft: NotificationDraft): Promise<void> {
    await this.api.post('/api/notifications', draft)
  }

  async withdraw(id: string): Promise<void> {
    await this.api.delete(`/api/notifications/${encodeURIComponent(id)}`)
    await this.refresh()
  }

  close(): void {
    this.#lastRequest += 1
  }
}
