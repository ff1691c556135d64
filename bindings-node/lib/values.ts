/** Plain values: what calls return, and what states tell. */

import type { AutoModerateError } from './errors.js'
import type { Status } from './events.js'

/** What a client is doing, as a word. */
export type State = 'idle' | 'connecting' | 'connected' | 'reconnecting' | 'closing' | 'closed'

/** More about a state. */
export interface StateInfo {
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
  content_id: string
  status: Status
  moderation_results: unknown[]
}

/** A piece of content as the server keeps it. */
export interface Content {
  id: string
  project_id: string | null
  content_type: string
  content_data: string
  meta_data: unknown
  status: Status
  created_at: string
  updated_at: string
  moderation_results: unknown[]
}

/** One page of contents, newest first. */
export interface ContentPage {
  items: Content[]
  /** The page's number, counted from 1. */
  page: number
  hasMore: boolean
  /** How many contents there are in all, on servers that say. */
  total: number | null
}

/** A project's counters. */
export interface Statistics {
  total_content: number
  approved: number
  rejected: number
  flagged: number
  pending: number
  /** Percent. */
  approval_rate: number
  extra: Record<string, unknown>
}

/** Whether the server is well. */
export interface Health {
  status: string
  extra: Record<string, unknown>
}
