/** Names of event kinds in Node and in the core. */

import { checkString } from './arguments.js'
import { invalidArgument } from './errors.js'
import type { EventName } from './events.js'

const CORE_NAMES: Record<EventName, string> = {
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
  return Object.hasOwn(CORE_NAMES, name)
}

/** Converts Node's name for a kind of event to the core's name. */
export function toCoreName(name: unknown): string {
  const kind = checkString('kind', name)
  if (!isEventName(kind)) throw invalidArgument('kind', `unknown kind of event ${JSON.stringify(kind)}`)
  return CORE_NAMES[kind]
}
