/** The events, as plain objects in a union discriminated by `event`. Fields have their documented names. */

/** A known value, or one unknown to this version. */
export type Word<Known extends string> = Known | (string & {})

/** The decision about an item. */
export type Status = Word<'approved' | 'rejected' | 'flagged' | 'pending'>

/** The SDK's own data about an event. */
export interface Meta {
  /** From the payload, or inferred if exactly one project is joined; otherwise `null`. */
  project_id: string | null
  /** The position in the project's event log, on servers with one. */
  event_id: number | null
  /** Pushed live, replayed from the server's log, or fetched by REST. */
  origin: 'live' | 'replay' | 'backfill'
  /** The time of receipt, by this machine's clock; ends in `Z`. */
  received_at: string
  /** The cursor to resume after this event: store it once the event has been processed. */
  cursor: string | null
}

interface Common<Name extends string> {
  /** The kind of the event, which discriminates the union. */
  event: Name
  /** The event's origin, time of receipt, and position in the project's log. */
  meta: Meta
}

interface Extensible {
  /** Undocumented fields, as they came; absent if there are none. */
  extra?: Record<string, unknown>
}

/** The payload of `moderation_update`. */
export interface ModerationUpdateData {
  /** The item's id, with which `client.content` looks it up. */
  content_id: string
  /** The item's project according to the payload; `null` on servers that don't send it. */
  project_id: string | null
  /** The decision. */
  status: Status
  /** The item's type; `null` if the server does not say. */
  content_type: Word<'text' | 'image'> | null
  /** The beginning of the text, as its author wrote it, **including markup**. On a page, use `escapeHtml`. */
  content_preview: string
  /** The submitter's metadata. */
  meta_data: unknown
  /** The number of rules or models that gave a result. */
  results_count: number | null
  /** The seconds that the decision took. */
  processing_time: number | null
  /** The decider: a rule, a model, or a person. */
  moderator_type: Word<'rule' | 'ai' | 'manual' | 'unknown'> | null
  /** The decider's name, such as `AI Rule`. */
  moderator_name: string | null
  /** The rule that matched. Deployed servers write `Unknown Rule` if none did; the value is passed on unchanged. */
  rule_name: string | null
  /** The time of the decision. Ends in `Z`; an invalid timestamp is passed on unchanged. */
  timestamp: string
}

/** One of the latest decisions. */
export interface RecentActivity {
  /** The item's id. */
  content_id: string
  /** The decision about it. */
  decision: Status
  /** The time of the decision. */
  timestamp: string
}

/** The payload of `stats_update`. */
export interface StatsUpdateData {
  /** All items ever decided. */
  total_content: number
  /** Of these, approved items. */
  approved: number
  /** Of these, rejected items. */
  rejected: number
  /** Of these, items flagged for a person. */
  flagged: number
  /** Items waiting for a decision; only on some servers. */
  pending: number | null
  /** Percent approved, from 0 to 100. */
  approval_rate: number | null
  /** Percent rejected, from 0 to 100. */
  rejection_rate: number | null
  /** Percent flagged, from 0 to 100. */
  flag_rate: number | null
  /** The latest decisions; empty on servers that send none. */
  recent_activity: RecentActivity[]
}

/** A moderation rule. */
export interface Rule extends Extensible {
  /** The rule's id. */
  id: string
  /** Its name for people; a decision has it in `rule_name`. */
  name: string
  /** The way it decides: by keywords, by a pattern, or by asking a model. */
  type: Word<'keyword' | 'regex' | 'ai_prompt'> | null
  /** True if it is in use. */
  is_active: boolean | null
  /** Rules with a higher number run first. */
  priority: number | null
  /** The decision about items that it matches. */
  action: Word<'approve' | 'reject' | 'flag'> | null
}

/** The payload of `rule_update`. */
export interface RuleUpdateData {
  /** The change of the rule. */
  action: Word<'created' | 'updated' | 'deleted'>
  /** The rule in its current form, or its last form if it was deleted. */
  rule: Rule
  /** The time of the change; empty on some servers. */
  timestamp: string
}

/** The payload of `system_notification`. */
export interface SystemNotificationData {
  /** The severity with which to show it. */
  type: Word<'info' | 'warning' | 'error' | 'success'>
  /** The text for people. Escape it on a page. */
  message: string
  /** The time of sending. */
  timestamp: string
  /** True if it should stay until it is withdrawn. */
  persistent: boolean
}

/** A user's figures. */
export interface Activity extends Extensible {
  /** The number of the user's submissions. */
  total_submissions: number | null
  /** The number of them that were rejected lately. */
  recent_violations: number | null
  /** Percent approved, from 0 to 100. */
  approval_rate: number | null
  /** The server's estimate; higher is riskier. */
  risk_score: number | null
}

/** The payload of `user_activity`. */
export interface UserActivityData {
  /** The `user_id` from the submissions' metadata, as text even if it is a number on the wire. */
  user_id: string
  /** The user's figures; all are `null` on servers that send none. */
  activity: Activity
  /** The id of the item that caused this event. */
  triggered_by: string | null
  /** The time of sending. */
  timestamp: string
}

/** An item was decided. */
export interface ModerationUpdate extends Common<'moderation_update'>, ModerationUpdateData, Extensible {}
/** The project's counters; each one replaces the previous one. */
export interface StatsUpdate extends Common<'stats_update'>, StatsUpdateData, Extensible {}
/** A rule was created, updated or deleted. */
export interface RuleUpdate extends Common<'rule_update'>, RuleUpdateData, Extensible {}
/** A notification from the server's operators. */
export interface SystemNotification extends Common<'system_notification'>, SystemNotificationData, Extensible {}
/** A user's activity. Sent for submissions with a `user_id` in their metadata. */
export interface UserActivity extends Common<'user_activity'>, UserActivityData, Extensible {}

/** The server's `error` event, unless it answers one of the SDK's requests. */
export interface ServerError extends Common<'serverError'>, Extensible {
  /** The server's message. */
  message: string
  /** The server's error code, if it sends one. */
  code: string | null
}

/** An event whose name the SDK does not know. */
export interface UnknownEvent extends Common<'unknownEvent'> {
  /** The server's name for it. */
  name: string
  /** Its first argument; `null` if it has none. */
  data: unknown
}

/** An unreadable frame or event. Later events are delivered. */
export interface MalformedEvent extends Common<'malformedEvent'> {
  /** The event's name; empty if unreadable. */
  name: string
  /** The received text; possibly invalid JSON. */
  data: string
  /** The reason that it is unreadable, for people. */
  reason: string
}

/** Events of a project are missing here, or may be. */
export interface Gap extends Common<'gap'> {
  /** The project whose events are missing. */
  project_id: string
  /**
   * The reason for the loss. `interrupted`: the server keeps no log. `expired`: its log no longer reaches back that
   * far. `log_changed`: its database was recreated. `cursor_ahead`: it was restored from a backup. `replay_failed`: it
   * did not return its whole log. `backfill_incomplete`: REST returned fewer events than were missed.
   */
  reason: Word<'interrupted' | 'expired' | 'log_changed' | 'cursor_ahead' | 'replay_failed' | 'backfill_incomplete'>
  /** The number of missing events, if known. */
  missed: number | null
}

/** The reader of this stream was too slow: events were dropped here because its buffer was full. */
export interface Lagged extends Common<'lagged'> {
  /** The number of events dropped since the last notice of this kind. */
  missed: number
}

/** Every event by its name. */
export interface EventByName {
  /** An item was decided. */
  moderation_update: ModerationUpdate
  /** The project's counters, which are not logged: each one replaces the previous one. */
  stats_update: StatsUpdate
  /** A rule was created, updated or deleted. */
  rule_update: RuleUpdate
  /** A notification from the server's operators. */
  system_notification: SystemNotification
  /** A user's activity. */
  user_activity: UserActivity
  /** The server's `error`, unless it answers a request; `error` itself is the error that ended the client. */
  serverError: ServerError
  /** Undocumented events from servers. */
  unknownEvent: UnknownEvent
  /** Unreadable events. */
  malformedEvent: MalformedEvent
  /** From the SDK: events of a project are missing here. */
  gap: Gap
  /** From the SDK: this stream's reader was too slow. */
  lagged: Lagged
}

/** The name of a kind of events: as documented, or the SDK's own. */
export type EventName = keyof EventByName
/** Any event that a stream can yield. */
export type Event = EventByName[EventName]
