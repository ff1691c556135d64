/** Plain values: what calls return, and what states tell. */

import type { AutoModerateError } from './errors.js'
import type { Status } from './events.js'

/** What a client is doing, as a word. */
export type State = 'idle' | 'connecting' | 'connected' | 'reconnecting' | 'closing' | 'closed'

/** More about a state. */
export interface StateInfo {
  /** The state as a word; what `client.state` says. */
  readonly state: State
  /** When reconnecting: the attempt that comes next, counted from 1 since the last stable connection. */
  readonly attempt?: number
  /** When reconnecting: milliseconds until then. */
  readonly retryIn?: number
  /** Why it is reconnecting, or closed; its code is `closed` if you did it. */
  readonly cause?: AutoModerateError
}

/** What a stream of one kind had to leave out because it is of another kind. */
export interface Losses {
  /** Events dropped because the reader was too slow. */
  lagged: number
  /** Gaps told by the session. */
  gaps: number
}

/** What a client has counted since it was made. */
export interface Metrics {
  /** Attempts to connect, the first one included. */
  attempts: number
  /** Connections that were acknowledged. */
  connections: number
  /** Events given to streams, however they came. */
  events: number
  /** Of them, replayed from the server's log. */
  replayed: number
  /** Of them, made up for by REST. */
  backfilled: number
  /** Events dropped because they had been delivered before. */
  duplicates: number
  /** Frames and events that could not be read. */
  malformed: number
  /** Notices of missing events. */
  gaps: number
  /** Events sent to the server: joins, leaves, heartbeats and yours. */
  sent: number
}

/** The server's decision about a submission. */
export interface Moderation {
  /** The content's id; the `moderation_update` about it has the same. */
  content_id: string
  /** The decision; `pending` if it is still to be made. */
  status: Status
  /** What the rules and models said, as the server wrote it. */
  moderation_results: unknown[]
}

/** A piece of content as the server keeps it. */
export interface Content {
  /** The content's id: `content_id` of the events about it. */
  id: string
  /** The project that it belongs to, where the server says. */
  project_id: string | null
  /** Its kind, such as `text`. */
  content_type: string
  /** The content as its author wrote it, markup included. For a page use `escapeHtml`. */
  content_data: string
  /** What the submitter sent along; `null` if nothing. */
  meta_data: unknown
  /** The newest decision. */
  status: Status
  /** When it was submitted. */
  created_at: string
  /** When it was decided last. */
  updated_at: string
  /** What the rules, models and people said, as the server wrote it. */
  moderation_results: unknown[]
}

/** One page of contents, newest first. */
export interface ContentPage {
  /** The contents, newest first. */
  items: Content[]
  /** The page's number, counted from 1. */
  page: number
  /** Whether there is a next page. */
  hasMore: boolean
  /** How many contents there are in all, on servers that say. */
  total: number | null
  /** What is wrong with the rows of this page that can't be read, which are not among the items. */
  unreadable: string[]
}

/** A project's counters. */
export interface Statistics {
  /** All content that was ever submitted. */
  total_content: number
  /** Of it, approved. */
  approved: number
  /** Of it, rejected. */
  rejected: number
  /** Of it, flagged for a person. */
  flagged: number
  /** Of it, not decided yet. */
  pending: number
  /** Percent approved, from 0 to 100. */
  approval_rate: number
  /** Everything else that the server says. */
  extra: Record<string, unknown>
}

/** Whether the server is well. */
export interface Health {
  /** The server's word for it, such as `healthy`. */
  status: string
  /** Everything else that the server says. */
  extra: Record<string, unknown>
}
