/** The events, as plain objects: a union that `event` tells apart. The fields have the names of the documentation. */

/** A known word, or one that this version does not know. */
export type Word<Known extends string> = Known | (string & {})

/** The decision about a piece of content. */
export type Status = Word<'approved' | 'rejected' | 'flagged' | 'pending'>

/** What the SDK knows about an event beside its payload. */
export interface Meta {
  /** From the payload, or inferred when exactly one project is joined; otherwise `null`. */
  project_id: string | null
  /** The position in the project's event log, on servers that have one. */
  event_id: number | null
  /** Pushed when it happened, replayed from the server's log, or made up for by REST. */
  origin: 'live' | 'replay' | 'backfill'
  /** When it was received, by this machine's clock; ends in `Z`. */
  received_at: string
  /** With which a join goes on behind this event: store it when the event has been processed. */
  cursor: string | null
}

interface Common<Name extends string> {
  event: Name
  meta: Meta
}

/** Fields that the documentation does not know. */
interface Extensible {
  extra?: Record<string, unknown>
}

/** The payload of `moderation_update`. */
export interface ModerationUpdateData {
  content_id: string
  project_id: string | null
  status: Status
  content_type: Word<'text' | 'image'> | null
  /** The beginning of the content, as its author wrote it: **markup included**. For a page use `escapeHtml`. */
  content_preview: string
  /** What the submitter sent along. */
  meta_data: unknown
  /** How many rules or models gave a result. */
  results_count: number | null
  /** Seconds the decision took. */
  processing_time: number | null
  moderator_type: Word<'rule' | 'ai' | 'manual' | 'unknown'> | null
  moderator_name: string | null
  rule_name: string | null
  /** Ends in `Z`; what is no timestamp is left as it came. */
  timestamp: string
}

/** One of the latest decisions. */
export interface RecentActivity {
  content_id: string
  decision: Status
  timestamp: string
}

/** The payload of `stats_update`. */
export interface StatsUpdateData {
  total_content: number
  approved: number
  rejected: number
  flagged: number
  /** Only on some servers. */
  pending: number | null
  /** Percent. */
  approval_rate: number | null
  rejection_rate: number | null
  flag_rate: number | null
  recent_activity: RecentActivity[]
}

/** A moderation rule. */
export interface Rule extends Extensible {
  id: string
  name: string
  type: Word<'keyword' | 'regex' | 'ai_prompt'> | null
  is_active: boolean | null
  priority: number | null
  action: Word<'approve' | 'reject' | 'flag'> | null
}

/** The payload of `rule_update`. */
export interface RuleUpdateData {
  action: Word<'created' | 'updated' | 'deleted'>
  rule: Rule
  timestamp: string
}

/** The payload of `system_notification`. */
export interface SystemNotificationData {
  type: Word<'info' | 'warning' | 'error' | 'success'>
  message: string
  timestamp: string
  persistent: boolean
}

/** A user's figures. */
export interface Activity extends Extensible {
  total_submissions: number | null
  recent_violations: number | null
  /** Percent. */
  approval_rate: number | null
  /** Higher is riskier. */
  risk_score: number | null
}

/** The payload of `user_activity`. */
export interface UserActivityData {
  user_id: string
  activity: Activity
  triggered_by: string | null
  timestamp: string
}

/** A piece of content was decided. */
export interface ModerationUpdate extends Common<'moderation_update'>, ModerationUpdateData, Extensible {}
/** The project's counters, the newest replacing the ones before. */
export interface StatsUpdate extends Common<'stats_update'>, StatsUpdateData, Extensible {}
/** A rule was created, updated or deleted. */
export interface RuleUpdate extends Common<'rule_update'>, RuleUpdateData, Extensible {}
/** A word from the server's operators. */
export interface SystemNotification extends Common<'system_notification'>, SystemNotificationData, Extensible {}
/** What a user has been doing. */
export interface UserActivity extends Common<'user_activity'>, UserActivityData, Extensible {}

/** The server's own `error` event, when it answers nothing that the SDK asked. */
export interface ServerError extends Common<'serverError'>, Extensible {
  message: string
  code: string | null
}

/** An event with a name that the SDK does not know. */
export interface UnknownEvent extends Common<'unknownEvent'> {
  name: string
  data: unknown
}

/** A frame or an event that could not be read. What follows it is delivered. */
export interface MalformedEvent extends Common<'malformedEvent'> {
  name: string
  /** What came, as text. */
  data: string
  reason: string
}

/** Events of a project are missing here, or may be. */
export interface Gap extends Common<'gap'> {
  project_id: string
  reason: Word<'interrupted' | 'expired' | 'log_changed' | 'cursor_ahead' | 'replay_failed' | 'backfill_incomplete'>
  /** How many, where that is known. */
  missed: number | null
}

/** The reader of this stream was too slow: events were dropped here because its buffer was full. */
export interface Lagged extends Common<'lagged'> {
  missed: number
}

/** Every event by its name. */
export interface EventByName {
  moderation_update: ModerationUpdate
  stats_update: StatsUpdate
  rule_update: RuleUpdate
  system_notification: SystemNotification
  user_activity: UserActivity
  serverError: ServerError
  unknownEvent: UnknownEvent
  malformedEvent: MalformedEvent
  gap: Gap
  lagged: Lagged
}

/** The name of a kind of events: as documented, or the SDK's own. */
export type EventName = keyof EventByName
/** Anything that a stream can yield. */
export type Event = EventByName[EventName]
