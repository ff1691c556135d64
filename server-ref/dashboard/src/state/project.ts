// The state of the shown project, updated by its events.

import { batch, signal } from '@preact/signals'
import type { Api } from '../api/http.ts'
import type { ModerationUpdate, Project, StatsUpdate, SystemNotification, UserActivity } from '../api/types.ts'
import type { Listener } from '../live/connection.ts'
import type { LoggedEvent, Origin } from '../live/follower.ts'
import { announceDecisions } from './announce.ts'
import { Authors } from './authors.ts'
import { Batch } from './batch.ts'
import { Feed, type Row } from './feed.ts'
import { DecisionHistory } from './history.ts'
import { Members } from './members.ts'
import { Notices } from './notices.ts'
import { Queue } from './queue.ts'
import { Rules } from './rules.ts'
import { Statistics } from './statistics.ts'

type BatchItem = { entry: LoggedEvent; origin: Origin } | { missed: number | undefined }

export class ProjectState implements Listener {
  readonly feed = new Feed()
  readonly authors = new Authors()
  readonly history = new DecisionHistory()
  /** Changes whenever the history changes, so that the chart, which reads this signal, is redrawn. */
  readonly historyVersion = signal(0)
  readonly statistics: Statistics
  readonly notices: Notices
  readonly queue: Queue
  readonly rules: Rules
  readonly members: Members
  /** The reason why the project can't be shown, if any. */
  readonly refusal = signal<string | undefined>(undefined)
  readonly #batch = new Batch<BatchItem>((items) => batch(() => this.#apply(items)))
  #gapCount = 0

  constructor(
    api: Api,
    readonly project: Project,
  ) {
    this.statistics = new Statistics(api, project.id)
    this.notices = new Notices(api, project.id)
    this.queue = new Queue(api, project.id)
    this.rules = new Rules(api, project.id)
    this.members = new Members(api, project.id, this.isAdmin)
  }

  get isAdmin(): boolean {
    return this.project.role === 'admin' || this.project.role === 'owner'
  }

  onJoined(): void {
    this.refusal.value = undefined
    void this.statistics.refresh()
    void this.notices.refresh()
    void this.queue.refresh()
    void this.rules.refresh()
  }

  deliver(entry: LoggedEvent, origin: Origin): void {
    this.#batch.push({ entry, origin })
  }

  onGap(missed: number | undefined): void {
    this.#batch.push({ missed })
  }

  onStats(update: StatsUpdate): void {
    this.statistics.update(update)
  }

  onDenied(message: string): void {
    this.refusal.value = message
  }

  close(): void {
    this.#batch.flush()
    this.notices.close()
    this.queue.close()
    this.rules.close()
  }

  #apply(items: readonly BatchItem[]): void {
    const rows: Row[] = []
    const live: ModerationUpdate[] = []
    const decisions: ModerationUpdate[] = []
    const activities: UserActivity[] = []
    const notifications: { data: SystemNotification; origin: Origin }[] = []
    for (const item of items) {
      if (!('entry' in item)) {
        this.#gapCount += 1
        rows.push({ kind: 'gap', key: `gap-${this.#gapCount}`, missed: item.missed })
        continue
      }
      const { entry, origin } = item
      const data = entry.data as unknown
      if (entry.event === 'moderation_update') {
        const update = data as ModerationUpdate
        rows.push({ kind: 'decision', key: `${update.event_id}`, update })
        decisions.push(update)
        if (origin === 'live') live.push(update)
        this.history.add(update.status, Date.parse(update.timestamp))
      } else if (entry.event === 'user_activity') {
        activities.push(data as UserActivity)
      } else if (entry.event === 'rule_update') {
        this.rules.refreshSoon()
      } else if (entry.event === 'system_notification') {
        notifications.push({ data: data as SystemNotification, origin })
      }
    }
    if (rows.length > 0) this.feed.add(rows)
    if (decisions.length > 0) this.historyVersion.value += 1
    if (activities.length > 0) this.authors.add(activities)
    if (notifications.length > 0) this.notices.addEvents(notifications)
    this.queue.update(decisions)
    announceDecisions(live)
  }
}
