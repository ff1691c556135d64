/** Plain values: the results of calls, and the details of states. */

import type { AutoModerateError } from './errors.js'
import type { Status } from './events.js'

/** A client's state. */
export type State = 'idle' | 'connecting' | 'connected' | 'reconnecting' | 'closing' | 'closed'

/** The details of a state. */
export interface StateInfo {
  /** The state, as in `client.state`. */
  readonly state: State
  /** When reconnecting: the next attempt, counted from 1 since the last stable connection. */
  readonly attempt?: number
  /** When reconnecting: the milliseconds until the next attempt. */
  readonly retryIn?: number
  /** The reason for reconnecting or closing; its code is `closed` if you closed the client. */
  readonly cause?: AutoModerateError
}

/** Losses that a stream of one kind can't show as events. */
export interface Losses {
  /** Events dropped because the reader was too slow. */
  lagged: number
  /** Gaps reported by the session. */
  gaps: number
}

/** A client's counters since its creation. */
export interface Metrics {
  /** Connection attempts, including the first. */
  attempts: number
  /** Acknowledged connections. */
  connections: number
  /** Events delivered to streams, of any origin. */
  events: number
  /** Of these, events replayed from the server's log. */
  replayed: number
  /** Of these, events fetched by REST. */
  backfilled: number
  /** Events dropped as duplicates. */
  duplicates: number
  /** Unreadable frames and events. */
  malformed: number
  /** Notices of missing events. */
  gaps: number
  /** Events sent to the server: joins, leaves, heartbeats and custom events. */
  sent: number
}

/** The server's decision about a submission. */
export interface Moderation {
  /** The item's id, the same as in its `moderation_update`. */
  content_id: string
  /** The decision; `pending` if there is none yet. */
  status: Status
  /** The results of rules and models, as the server wrote them. */
  moderation_results: unknown[]
}

/** An item as the server stores it. */
export interface Content {
  /** The item's id, which is `content_id` in its events. */
  id: string
  /** The project that it belongs to, if the server says so. */
  project_id: string | null
  /** Its type, such as `text`. */
  content_type: string
  /** The content as its author wrote it, including markup. On a page, use `escapeHtml`. */
  content_data: string
  /** The submitter's metadata; `null` if there is none. */
  meta_data: unknown
  /** The newest decision. */
  status: Status
  /** The time of submission. */
  created_at: string
  /** The time of the latest decision. */
  updated_at: string
  /** The results of rules, models and people, as the server wrote them. */
  moderation_results: unknown[]
}

/** One page of items, newest first. */
export interface ContentPage {
  /** The items, newest first. */
  items: Content[]
  /** The page's number; the first page is 1. */
  page: number
  /** True if there is a next page. */
  hasMore: boolean
  /** The total number of items, if the server says so. */
  total: number | null
  /** The errors of this page's unreadable rows, which are not among the items. */
  unreadable: string[]
}

/** A project's counters. */
export interface Statistics {
  /** All items ever submitted. */
  total_content: number
  /** Of these, approved items. */
  approved: number
  /** Of these, rejected items. */
  rejected: number
  /** Of these, items flagged for a person. */
  flagged: number
  /** Of these, items without a decision. */
  pending: number
  /** Percent approved, from 0 to 100. */
  approval_rate: number
  /** All other fields that the server sent. */
  extra: Record<string, unknown>
}

/** The server's health. */
export interface Health {
  /** The server's own word for it, such as `healthy`. */
  status: string
  /** All other fields that the server sent. */
  extra: Record<string, unknown>
}
