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
  /** The kind of the event: what tells the types of the union apart. */
  event: Name
  /** How and when the event came, and its place in the project's log. */
  meta: Meta
}

interface Extensible {
  /** Fields that the documentation does not know, as they came; absent if there are none. */
  extra?: Record<string, unknown>
}

/** The payload of `moderation_update`. */
export interface ModerationUpdateData {
  /** The content's id, with which `client.content` looks it up. */
  content_id: string
  /** The project that the content belongs to, as the payload names it; `null` on servers that don't. */
  project_id: string | null
  /** The decision. */
  status: Status
  /** What kind of content it is; `null` if the server does not say. */
  content_type: Word<'text' | 'image'> | null
  /** The beginning of the content, as its author wrote it: **markup included**. For a page use `escapeHtml`. */
  content_preview: string
  /** What the submitter sent along. */
  meta_data: unknown
  /** How many rules or models gave a result. */
  results_count: number | null
  /** Seconds the decision took. */
  processing_time: number | null
  /** What decided: a rule, a model, or a person. */
  moderator_type: Word<'rule' | 'ai' | 'manual' | 'unknown'> | null
  /** The decider's name, such as `AI Rule`. */
  moderator_name: string | null
  /** The rule that matched. Deployed servers write `Unknown Rule` when none did; that is given as it came. */
  rule_name: string | null
  /** When it was decided. Ends in `Z`; what is no timestamp is left as it came. */
  timestamp: string
}

/** One of the latest decisions. */
export interface RecentActivity {
  /** The content's id. */
  content_id: string
  /** What was decided about it. */
  decision: Status
  /** When it was decided. */
  timestamp: string
}

/** The payload of `stats_update`. */
export interface StatsUpdateData {
  /** All content that was ever decided. */
  total_content: number
  /** Of it, approved. */
  approved: number
  /** Of it, rejected. */
  rejected: number
  /** Of it, flagged for a person. */
  flagged: number
  /** Waiting for a decision; only on some servers. */
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
  /** What people call it; a decision names it in `rule_name`. */
  name: string
  /** How it decides: by words, by a pattern, or by asking a model. */
  type: Word<'keyword' | 'regex' | 'ai_prompt'> | null
  /** Whether it is in use. */
  is_active: boolean | null
  /** Rules with a higher number come first. */
  priority: number | null
  /** What is decided about content that it matches. */
  action: Word<'approve' | 'reject' | 'flag'> | null
}

/** The payload of `rule_update`. */
export interface RuleUpdateData {
  /** What happened to the rule. */
  action: Word<'created' | 'updated' | 'deleted'>
  /** The rule as it is now; as it was last, if it was deleted. */
  rule: Rule
  /** When it happened; empty on some servers. */
  timestamp: string
}

/** The payload of `system_notification`. */
export interface SystemNotificationData {
  /** The tone in which to show it. */
  type: Word<'info' | 'warning' | 'error' | 'success'>
  /** The text for people. Escape it for a page. */
  message: string
  /** When it was sent. */
  timestamp: string
  /** Whether it should stay until it is withdrawn. */
  persistent: boolean
}

/** A user's figures. */
export interface Activity extends Extensible {
  /** How much the user has submitted. */
  total_submissions: number | null
  /** How much of it was rejected lately. */
  recent_violations: number | null
  /** Percent approved, from 0 to 100. */
  approval_rate: number | null
  /** The server's estimate; higher is riskier. */
  risk_score: number | null
}

/** The payload of `user_activity`. */
export interface UserActivityData {
  /** The `user_id` of the submissions' metadata; a number on the wire is given as text. */
  user_id: string
  /** The user's figures, all of them `null` on servers that send none. */
  activity: Activity
  /** The id of the content that caused this event. */
  triggered_by: string | null
  /** When it was sent. */
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
/** What a user has been doing. Comes for submissions with a `user_id` in their metadata. */
export interface UserActivity extends Common<'user_activity'>, UserActivityData, Extensible {}

/** The server's own `error` event, when it answers nothing that the SDK asked. */
export interface ServerError extends Common<'serverError'>, Extensible {
  /** The server's words. */
  message: string
  /** The server's code, where it sends one. */
  code: string | null
}

/** An event with a name that the SDK does not know. */
export interface UnknownEvent extends Common<'unknownEvent'> {
  /** The name that the server gave it. */
  name: string
  /** Its first argument; `null` if it has none. */
  data: unknown
}

/** A frame or an event that could not be read. What follows it is delivered. */
export interface MalformedEvent extends Common<'malformedEvent'> {
  /** The event's name, if that could be read; otherwise empty. */
  name: string
  /** What came, as text; perhaps not valid JSON. */
  data: string
  /** What is wrong with it, in words for people. */
  reason: string
}

/** Events of a project are missing here, or may be. */
export interface Gap extends Common<'gap'> {
  /** The project whose events are missing. */
  project_id: string
  /**
   * Why they can't be had. `interrupted`: the server keeps no log. `expired`: its log no longer reaches back so far.
   * `log_changed`: its database was made anew. `cursor_ahead`: it was restored from a backup. `replay_failed`: it did not
   * hand out all of its log. `backfill_incomplete`: asking by REST gave less than what was missed.
   */
  reason: Word<'interrupted' | 'expired' | 'log_changed' | 'cursor_ahead' | 'replay_failed' | 'backfill_incomplete'>
  /** How many, where that is known. */
  missed: number | null
}

/** The reader of this stream was too slow: events were dropped here because its buffer was full. */
export interface Lagged extends Common<'lagged'> {
  /** How many events were dropped since the last notice of this kind. */
  missed: number
}

/** Every event by its name. */
export interface EventByName {
  /** A piece of content was decided. */
  moderation_update: ModerationUpdate
  /** The project's counters, which are not logged: each replaces the one before. */
  stats_update: StatsUpdate
  /** A rule was created, updated or deleted. */
  rule_update: RuleUpdate
  /** A word from the server's operators. */
  system_notification: SystemNotification
  /** What a user has been doing. */
  user_activity: UserActivity
  /** The server's `error`, which answers nothing that was asked; `error` itself is what ended the client. */
  serverError: ServerError
  /** What servers send beyond the documentation. */
  unknownEvent: UnknownEvent
  /** What could not be read. */
  malformedEvent: MalformedEvent
  /** Made by the SDK: events of a project are missing here. */
  gap: Gap
  /** Made by the SDK: this stream's reader was too slow. */
  lagged: Lagged
}

/** The name of a kind of events: as documented, or the SDK's own. */
export type EventName = keyof EventByName
/** Anything that a stream can yield. */
export type Event = EventByName[EventName]
