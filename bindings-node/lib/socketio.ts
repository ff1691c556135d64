/**
 * Types for pages that use stock socket.io-client:
 *
 * ```ts
 * const socket: Socket<ServerToClientEvents, ClientToServerEvents> = io('http://localhost:6217', { query: { api_key } })
 * ```
 */

import type {
  ModerationUpdateData,
  RuleUpdateData,
  StatsUpdateData,
  SystemNotificationData,
  UserActivityData,
} from './events.js'

/** Fields that servers with an event log add to a payload. */
export interface Logged {
  /** The project in whose room it was sent. */
  project_id?: string
  /** The position in the project's log; `stats_update` has none. */
  event_id?: number
}

/** A refusal, or an error of the server. */
export interface Notice {
  /** The server's message. */
  message: string
  /** A code such as `project_not_found`, on servers that send one. */
  code?: string
}

/** One page of a project's event log. */
export interface ReplayPage {
  /** The events after the requested id, oldest first, at most 500. */
  events: {
    /** The event's name. */
    event: string
    /** Its payload, with its `event_id`. */
    data: unknown
  }[]
  /** The newest id in the log. */
  head: number
  /** The lowest id still in the log. */
  oldest: number
  /** The log's own id. If it changes, ids from before are invalid. */
  log: string
}

/** Events from servers. */
export interface ServerToClientEvents {
  /** Greets a new connection. */
  connected: (data: { status: string }) => void
  /** Confirms a join; servers with an event log add the log's newest id and its own id. */
  joined_project: (data: { project_id: string; replay?: boolean; event_id?: number; log?: string }) => void
  /** Confirms a leave. */
  left_project: (data: { project_id: string }) => void
  /** An item was decided. */
  moderation_update: (data: ModerationUpdateData & Logged) => void
  /** The project's counters; each one replaces the previous one. */
  stats_update: (data: StatsUpdateData & Logged) => void
  /** A rule was created, updated or deleted. */
  rule_update: (data: RuleUpdateData & Logged) => void
  /** A notification from the server's operators. */
  system_notification: (data: SystemNotificationData & Logged) => void
  /** A user's activity. */
  user_activity: (data: UserActivityData & Logged) => void
  /** A request that the server could not fulfil. */
  error: (data: Notice) => void
  /** The credentials are invalid, or no longer valid. */
  authentication_failed: (data: Notice) => void
  /** A join was refused. */
  project_access_denied: (data: Notice) => void
}

/** Events from clients. */
export interface ClientToServerEvents {
  /** Enters a project's room; `joined_project` or a refusal answers. Rooms don't survive a connection. */
  join_project: (data: { project_id: string }) => void
  /** Leaves a project's room. */
  leave_project: (data: { project_id: string }) => void
  /** Reports that the client is alive; every 30 s is usual. */
  heartbeat: (data?: object) => void
  /**
   * Requests the events after an id, on servers with a log; the client must have joined the project on this connection.
   */
  replay_events: (data: { project_id: string; after: number; limit?: number }, ack: (page: ReplayPage) => void) => void
}
