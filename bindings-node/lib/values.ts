/** Plain objects that calls return, and the details of states. */

import type { AutoModerateError } from './errors.js'
import type { ModerationUpdate, Rule, Status } from './events.js'

/** State of a client. */
export type State = 'idle' | 'connecting' | 'connected' | 'reconnecting' | 'closing' | 'closed'

/** State of a client with its details. */
export interface StateInfo {
  /** State, as in `client.state`. */
  readonly state: State
  /** Number of the next attempt while reconnecting, counted from 1 after the last stable connection. */
  readonly attempt?: number
  /** Time until the next attempt while reconnecting, in milliseconds. */
  readonly retryIn?: number
  /** Error that caused the client to reconnect or close. The error's code is `closed` if you closed the client. */
  readonly cause?: AutoModerateError
}

/** Losses that a stream of one kind of event counts instead of yielding `gap` and `lagged` events. */
export interface Losses {
  /** Number of events dropped because the reader was too slow. */
  lagged: number
  /** Number of `gap` events that the stream did not yield. */
  gaps: number
}

/** Counters of a client since its creation. */
export interface Metrics {
  /** Number of connection attempts, including the first one. */
  attempts: number
  /** Number of connections that the server acknowledged. */
  connections: number
  /** Number of events delivered to streams, whether live, replayed or backfilled. */
  events: number
  /** Number of events read from the server's log, by replay or because a stream's buffer was full. */
  replayed: number
  /** Number of delivered events that were fetched over REST. */
  backfilled: number
  /** Number of events dropped because they had already arrived. */
  duplicates: number
  /** Number of frames, events and backfilled items that could not be decoded. */
  malformed: number
  /** Number of gaps reported in streams, except gaps found while a slow stream catches up from the server's log. */
  gaps: number
  /** Number of events sent to the server, including joins, leaves and heartbeats. */
  sent: number
}

/** Server's decision on a submission. */
export interface Moderation {
  /** Id of the item, as in its `moderation_update`. */
  content_id: string
  /** Decision; `pending` if there is none yet. */
  status: Status
  /** Results of rules and models, as sent by the server. */
  moderation_results: unknown[]
}

/** Item as stored by the server. */
export interface Content {
  /** Id of the item, which events call `content_id`. */
  id: string
  /** Id of the item's project, if the server sends it. */
  project_id: string | null
  /** Content type, such as `text`. */
  content_type: string
  /**
   * Content as its author wrote it, including markup. Escape the content with `escapeHtml` before inserting it into a
   * web page.
   */
  content_data: string
  /** Metadata from the submitter; `null` if there is none. */
  meta_data: unknown
  /** Latest decision about the item. */
  status: Status
  /** Time of the submission. */
  created_at: string
  /** Time of the latest decision. */
  updated_at: string
  /** Results of rules, models and people, as sent by the server. */
  moderation_results: unknown[]
}

/** Page of a listing of items. */
export interface ContentPage {
  /** Items of the page, newest first. */
  items: Content[]
  /** Number of the page, counted from 1. */
  page: number
  /** True if there is another page. */
  hasMore: boolean
  /** Total number of items that match the filter, if the server sends it. */
  total: number | null
  /** Errors, one for each row that is missing from `items` because it is too large or could not be parsed. */
  unreadable: string[]
}

/** Counters of a project. */
export interface Statistics {
  /** Number of items submitted so far. */
  total_content: number
  /** Number of items approved. */
  approved: number
  /** Number of items rejected. */
  rejected: number
  /** Number of items flagged for human review. */
  flagged: number
  /** Number of items without a decision. */
  pending: number
  /** Percentage of items approved, from 0 to 100. */
  approval_rate: number
  /** All other fields sent by the server. */
  extra: Record<string, unknown>
}

/** Items awaiting review. */
export interface ReviewQueue {
  /** Number of items that await review. */
  total: number
  /** Newest items that await review, newest first. Servers return up to 100. */
  items: Content[]
}

/** State of a project at one position in its event log. */
export interface Snapshot {
  /**
   * Cursor of the newest event that the state includes. A stream that starts after this cursor continues from this
   * state without missing or repeating an event.
   */
  cursor: string
  /** Counters of the project. */
  stats: Statistics
  /** All rules, with the highest priority first. */
  rules: Rule[]
  /** Items awaiting review. */
  review: ReviewQueue
}

/** Number of items in total and by decision. */
export interface StatusCounts {
  /** Number of items submitted so far. */
  total_content: number
  /** Number of items approved. */
  approved: number
  /** Number of items rejected. */
  rejected: number
  /** Number of items awaiting review. */
  flagged: number
  /** Number of items without a decision. */
  pending: number
}

/** Item awaiting review. */
export interface QueuedItem {
  /** Time at which the item was submitted. */
  submitted_at: string
  /** Decision to flag the item. */
  decision: ModerationUpdate
}

/** State of a live view at one position in the project's event log. */
export interface LiveState {
  /** Cursor of the newest event that the state includes. */
  cursor: string
  /** Counters of the project. */
  counts: StatusCounts
  /** All rules, with the highest priority first. */
  rules: Rule[]
  /**
   * Newest items awaiting review, newest first. Contains all of them if there are at most 50, and otherwise at least 50
   * and at most 100; `counts.flagged` is the number of all items awaiting review.
   */
  reviewQueue: QueuedItem[]
}

/** Health of the server. */
export interface Health {
  /** Status reported by the server, such as `healthy`; `ok` if the server reports none. */
  status: string
  /** All other fields sent by the server. */
  extra: Record<string, unknown>
}
