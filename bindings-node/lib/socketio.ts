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

/** What servers with an event log add to a payload. */
interface Logged {
  project_id?: string
  event_id?: number
}

interface Notice {
  message: string
  code?: string
}

/** One page of a project's event log. */
export interface ReplayPage {
  events: { event: string; data: unknown }[]
  head: number
  oldest: number
  log: string
}

/** What servers send. */
export interface ServerToClientEvents {
  connected: (data: { status: string }) => void
  joined_project: (data: { project_id: string; replay?: boolean; event_id?: number; log?: string }) => void
  left_project: (data: { project_id: string }) => void
  moderation_update: (data: ModerationUpdateData & Logged) => void
  stats_update: (data: StatsUpdateData & Logged) => void
  rule_update: (data: RuleUpdateData & Logged) => void
  system_notification: (data: SystemNotificationData & Logged) => void
  user_activity: (data: UserActivityData & Logged) => void
  error: (data: Notice) => void
  authentication_failed: (data: Notice) => void
  project_access_denied: (data: Notice) => void
}

/** What clients send. */
export interface ClientToServerEvents {
  join_project: (data: { project_id: string }) => void
  leave_project: (data: { project_id: string }) => void
  heartbeat: (data?: object) => void
  replay_events: (data: { project_id: string; after: number; limit?: number }, ack: (page: ReplayPage) => void) => void
}
