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

/** Fields that servers with an event log add to payloads. */
export interface LogFields {
  /** Id of the project to whose room the event was sent. */
  project_id?: string
  /** Position in the project's event log; absent in `stats_update`, which is not logged. */
  event_id?: number
}

/** Refusal or error sent by the server. */
export interface ErrorNotice {
  /** Message from the server. */
  message: string
  /** Error code such as `project_not_found`, if the server sends one. */
  code?: string
}

/** Page of a project's event log. */
export interface ReplayPage {
  /** Up to 500 events after the requested id, oldest first. */
  events: {
    /** Name of the event. */
    event: string
    /** Payload of the event, including its `event_id`. */
    data: unknown
  }[]
  /** Id of the newest event in the log. */
  head: number
  /** Id of the oldest event that is still in the log. */
  oldest: number
  /** Id of the log itself. When the log's id changes, all earlier event ids are invalid. */
  log: string
}

/** Events that servers send. */
export interface ServerToClientEvents {
  /** Sent when a connection is established. */
  connected: (data: { status: string }) => void
  /** Confirms a join. Servers with an event log add `replay: true`, the log's id, and the id of its newest event. */
  joined_project: (data: { project_id: string; replay?: boolean; event_id?: number; log?: string }) => void
  /** Confirms a leave. */
  left_project: (data: { project_id: string }) => void
  /** Decision about an item. */
  moderation_update: (data: ModerationUpdateData & LogFields) => void
  /** Counters of the project. Each `stats_update` replaces the previous one. */
  stats_update: (data: StatsUpdateData & LogFields) => void
  /** Creation, change or deletion of a rule. */
  rule_update: (data: RuleUpdateData & LogFields) => void
  /** Notification from the server or its operators. */
  system_notification: (data: SystemNotificationData & LogFields) => void
  /** Activity of a user. */
  user_activity: (data: UserActivityData & LogFields) => void
  /** Reports that the server refused or could not fulfil a request, or warns the client. */
  error: (data: ErrorNotice) => void
  /** Sent if the credentials are invalid, have expired or have been revoked. */
  authentication_failed: (data: ErrorNotice) => void
  /** Reports that a join was refused for lack of access, or that access to a joined project has been withdrawn. */
  project_access_denied: (data: ErrorNotice) => void
}

/** Events that clients send. */
export interface ClientToServerEvents {
  /**
   * Joins a project's room. The server answers with `joined_project` or a refusal. The membership ends with the
   * connection.
   */
  join_project: (data: { project_id: string }) => void
  /** Leaves a project's room. */
  leave_project: (data: { project_id: string }) => void
  /** Reports that the client is alive; usually sent every 30 s. */
  heartbeat: (data?: object) => void
  /**
   * Requests logged events after an id, on servers with an event log. The client must have joined the project on this
   * connection.
   */
  replay_events: (data: { project_id: string; after: number; limit?: number }, ack: (page: ReplayPage) => void) => void
}
