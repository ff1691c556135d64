/**
 * Event types. Events are plain objects in a union discriminated by `event`, and their fields have the documented
 * names.
 */

/** One of the known values, or a string unknown to this version of the SDK. */
export type Word<Known extends string> = Known | (string & {})

/** Decision about an item. */
export type Status = Word<'approved' | 'rejected' | 'flagged' | 'pending'>

/** Metadata that the SDK adds to an event. */
export interface Meta {
  /**
   * Id of the project that the payload names. If the payload names none, this is the project whose log or listing
   * contains the event or, for a live event, the only joined project. For a `gap`, it is the project whose events are
   * missing. `null` if the project is unknown; always `null` for `lagged`, and for a live `serverError` or
   * `malformedEvent` that names no project.
   */
  project_id: string | null
  /**
   * Position in the project's event log; for a `gap`, the position after which the stream continues. `null` on servers
   * without an event log and, except for `gap`, for events that are not logged.
   */
  event_id: number | null
  /**
   * Path by which the event arrived: pushed live, replayed from the server's log, or fetched over REST. `live` for `gap`
   * and `lagged`.
   */
  origin: 'live' | 'replay' | 'backfill'
  /** Time of receipt according to this machine's clock, as RFC 3339 text that ends in `Z`. */
  received_at: string
  /**
   * Cursor to resume after this event; `null` if `event_id` is `null`. To resume later, store the cursor once the event
   * has been processed.
   */
  cursor: string | null
}

interface Common<Name extends string> {
  /** Kind of the event, which discriminates the union. */
  event: Name
  /** Metadata that the SDK adds to the event. */
  meta: Meta
}

interface Extensible {
  /** Undocumented fields, as received; absent if there are none. */
  extra?: Record<string, unknown>
}

/** Payload of `moderation_update`. */
export interface ModerationUpdateData {
  /** Id of the item, for use with `client.content`. */
  content_id: string
  /** Id of the item's project; `null` if the server does not send it and the SDK can't infer it. */
  project_id: string | null
  /** Decision about the item. */
  status: Status
  /** Content type of the item; `null` if the server does not send it. */
  content_type: Word<'text' | 'image'> | null
  /**
   * Beginning of the content as its author wrote it, **including markup**. Pass the preview through `escapeHtml` before
   * inserting it into a web page.
   */
  content_preview: string
  /** Metadata from the submitter. */
  meta_data: unknown
  /** Number of results from rules, models and people. */
  results_count: number | null
  /** Time that the decision took, in seconds. */
  processing_time: number | null
  /** Kind of decider: a rule, a model, or a person. */
  moderator_type: Word<'rule' | 'ai' | 'manual' | 'unknown'> | null
  /** Name of the decider, such as `AI Rule`. */
  moderator_name: string | null
  /**
   * Name of the rule that matched. If no rule matched, deployed servers send `Unknown Rule`, which the SDK passes on
   * unchanged.
   */
  rule_name: string | null
  /** Time of the decision, as text that ends in `Z`. An invalid timestamp is passed on unchanged. */
  timestamp: string
}

/** One of the latest decisions of a project. */
export interface RecentActivity {
  /** Id of the item. */
  content_id: string
  /** Decision about the item. */
  decision: Status
  /** Time of the decision. */
  timestamp: string
}

/** Payload of `stats_update`. */
export interface StatsUpdateData {
  /** Number of items submitted so far. */
  total_content: number
  /** Number of items approved. */
  approved: number
  /** Number of items rejected. */
  rejected: number
  /** Number of items flagged for human review. */
  flagged: number
  /** Number of items without a decision, if the server sends it. */
  pending: number | null
  /** Percentage of items approved, from 0 to 100. */
  approval_rate: number | null
  /** Percentage of items rejected, from 0 to 100. */
  rejection_rate: number | null
  /** Percentage of items flagged, from 0 to 100. */
  flag_rate: number | null
  /** Latest decisions; empty if the server sends none. */
  recent_activity: RecentActivity[]
}

/** Moderation rule. */
export interface Rule extends Extensible {
  /** Id of the rule. */
  id: string
  /** Name of the rule, which decisions contain as `rule_name`. */
  name: string
  /** Kind of rule: a list of keywords, a pattern, or a prompt to a model. */
  type: Word<'keyword' | 'regex' | 'ai_prompt'> | null
  /** True if the rule is active. */
  is_active: boolean | null
  /**
   * Priority of the rule. Rules with a higher priority are evaluated first, but `ai_prompt` rules only if no other rule
   * matches.
   */
  priority: number | null
  /** Action taken on items that match the rule. */
  action: Word<'approve' | 'reject' | 'flag'> | null
}

/** Payload of `rule_update`. */
export interface RuleUpdateData {
  /** Change made to the rule. */
  action: Word<'created' | 'updated' | 'deleted'>
  /** Rule after its creation or change, or before its deletion. */
  rule: Rule
  /** Time of the change; empty if the server does not send it. */
  timestamp: string
}

/** Payload of `system_notification`. */
export interface SystemNotificationData {
  /** Severity of the notification. */
  type: Word<'info' | 'warning' | 'error' | 'success'>
  /** Message to show to users. Escape it before inserting it into a web page. */
  message: string
  /** Time at which the event was sent. */
  timestamp: string
  /** True if the notification should stay visible until it is withdrawn. */
  persistent: boolean
}

/** Statistics about a user. */
export interface Activity extends Extensible {
  /** Number of the user's submissions. */
  total_submissions: number | null
  /** Number of the user's recently rejected submissions. */
  recent_violations: number | null
  /** Percentage of the user's submissions that were approved, from 0 to 100. */
  approval_rate: number | null
  /** Risk score estimated by the server; higher means riskier. */
  risk_score: number | null
}

/** Payload of `user_activity`. */
export interface UserActivityData {
  /** User id from the submissions' metadata. Numbers are converted to text. */
  user_id: string
  /** Statistics about the user; all fields are `null` if the server sends none. */
  activity: Activity
  /** Id of the item whose submission or review caused this event. */
  triggered_by: string | null
  /** Time at which the event was sent. */
  timestamp: string
}

/** Decision about an item. */
export interface ModerationUpdate extends Common<'moderation_update'>, ModerationUpdateData, Extensible {}
/** Counters of the project. Each update replaces the previous one. */
export interface StatsUpdate extends Common<'stats_update'>, StatsUpdateData, Extensible {}
/** Creation, change or deletion of a rule. */
export interface RuleUpdate extends Common<'rule_update'>, RuleUpdateData, Extensible {}
/** Notification from the server or its operators. */
export interface SystemNotification extends Common<'system_notification'>, SystemNotificationData, Extensible {}
/** Activity of a user. Sent when an item whose metadata contains a `user_id` is submitted or reviewed. */
export interface UserActivity extends Common<'user_activity'>, UserActivityData, Extensible {}

/** `error` or `project_access_denied` event from the server, unless it answers a request or withdraws access. */
export interface ServerError extends Common<'serverError'>, Extensible {
  /** Message from the server. */
  message: string
  /** Error code; `access_denied` for a `project_access_denied` without a code, otherwise `null` if there is none. */
  code: string | null
}

/** Event whose name is unknown to the SDK. */
export interface UnknownEvent extends Common<'unknownEvent'> {
  /** Name of the event. */
  name: string
  /** First argument of the event; `null` if there is none. */
  data: unknown
}

/** Frame, event or backfilled item that could not be decoded. Later events are still delivered. */
export interface MalformedEvent extends Common<'malformedEvent'> {
  /** Name of the event; empty if the name could not be decoded. */
  name: string
  /** Data as received, which may be invalid JSON. */
  data: string
  /** Human-readable reason why decoding failed. */
  reason: string
}

/** Event that marks a place in the stream where a project's events are missing, or may be missing. */
export interface Gap extends Common<'gap'> {
  /** Id of the project whose events are missing. */
  project_id: string
  /**
   * Reason for the loss. `interrupted`: the connection was interrupted, and either `backfill` is `off`, or the server
   * had no event log before or after the interruption and the SDK could not use REST to recover the events; also
   * reported if the join had a cursor but the server has no event log, or if too many events arrived before the join
   * was confirmed. `expired`: the events are no longer in the log, or `backfill` is `off` and the join had a cursor.
   * `log_changed`: the stream's position belongs to another log, for example because the server's database was
   * recreated. `cursor_ahead`: the stream's position is ahead of the log, for example because the database was restored
   * from a backup. `replay_failed`: the server did not return all missing events from its log. `backfill_incomplete`:
   * REST may have returned fewer events than were missed.
   */
  reason: Word<'interrupted' | 'expired' | 'log_changed' | 'cursor_ahead' | 'replay_failed' | 'backfill_incomplete'>
  /** Number of missing events, if known. */
  missed: number | null
}

/** Event that marks a place in the stream where events were dropped because the stream's reader was too slow. */
export interface Lagged extends Common<'lagged'> {
  /** Number of events dropped since the previous `lagged` event. */
  missed: number
}

/** Event types by event name. */
export interface EventByName {
  /** Decision about an item. */
  moderation_update: ModerationUpdate
  /** Counters of the project. Updates are not logged, because each update replaces the previous one. */
  stats_update: StatsUpdate
  /** Creation, change or deletion of a rule. */
  rule_update: RuleUpdate
  /** Notification from the server or its operators. */
  system_notification: SystemNotification
  /** Activity of a user of the moderated application. */
  user_activity: UserActivity
  /**
   * `error` or `project_access_denied` event from the server, unless it answers a request or withdraws access.
   * The name `error` is reserved for the error that ended the client or the listeners' stream.
   */
  serverError: ServerError
  /** Event whose name is unknown to the SDK. */
  unknownEvent: UnknownEvent
  /** Frame, event or backfilled item that could not be decoded. */
  malformedEvent: MalformedEvent
  /** Event from the SDK that marks a place in the stream where a project's events are missing, or may be missing. */
  gap: Gap
  /** Event from the SDK that marks a place in the stream where events were dropped because the reader was too slow. */
  lagged: Lagged
}

/** Name of a kind of event: a documented name, or a name that the SDK defines. */
export type EventName = keyof EventByName
/** Any event that a stream can yield. */
export type Event = EventByName[EventName]
