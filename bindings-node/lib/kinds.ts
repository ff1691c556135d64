/** The kinds of events by their names, and the core's names for them. */

import { text } from './arguments.js'
import { invalid } from './errors.js'
import type { EventName } from './events.js'

const KINDS: Record<EventName, string> = {
  moderation_update: 'moderation_update',
  stats_update: 'stats_update',
  rule_update: 'rule_update',
  system_notification: 'system_notification',
  user_activity: 'user_activity',
  serverError: 'server_error',
  unknownEvent: 'unknown_event',
  malformedEvent: 'malformed_event',
  gap: 'gap',
  lagged: 'lagged',
}

export function isEventName(name: string): name is EventName {
  return Object.hasOwn(KINDS, name)
}

/** The core's name of a kind. */
export function coreKind(name: unknown): string {
  const kind = text('kind', name)
  if (!isEventName(kind)) throw invalid('kind', `unknown kind of events ${JSON.stringify(kind)}`)
  return KINDS[kind]
}
