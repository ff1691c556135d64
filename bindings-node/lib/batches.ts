/**
 * Parsing of event batches from the native module. Most `moderation_update` events, which are the most frequent kind,
 * are encoded as rows of values without field names, because field names would take up much of a batch's text and
 * parsing time; see `core/src/facade/json_rows.rs`.
 */

import type { Event, Meta, ModerationUpdate } from './events.js'

/** Field values of a `moderation_update` and of its `meta`, except for `meta.project_id`, which equals `project_id`. */
type UpdateRow = [
  content_id: string,
  project_id: string | null,
  status: ModerationUpdate['status'],
  content_type: ModerationUpdate['content_type'],
  content_preview: string,
  meta_data: unknown,
  results_count: number | null,
  processing_time: number | null,
  moderator_type: ModerationUpdate['moderator_type'],
  moderator_name: string | null,
  rule_name: string | null,
  timestamp: string,
  event_id: number | null,
  origin: Meta['origin'],
  /** Time of receipt; `null` if it is the same as in the previous row. */
  received_at: string | null,
  cursor: string | null,
]

/** Parses a batch, and converts its rows to events. */
export function parseEvents(text: string): Event[] {
  const events: (Event | UpdateRow)[] = JSON.parse(text)
  let receivedAt = ''
  for (let at = 0; at < events.length; at++) {
    const row = events[at] as Event | UpdateRow
    if (!Array.isArray(row)) continue
    receivedAt = row[14] ?? receivedAt
    events[at] = updateFromRow(row, receivedAt)
  }
  return events as Event[]
}

function updateFromRow(row: UpdateRow, receivedAt: string): ModerationUpdate {
  return {
    event: 'moderation_update',
    content_id: row[0],
    project_id: row[1],
    status: row[2],
    content_type: row[3],
    content_preview: row[4],
    meta_data: row[5],
    results_count: row[6],
    processing_time: row[7],
    moderator_type: row[8],
    moderator_name: row[9],
    rule_name: row[10],
    timestamp: row[11],
    meta: { project_id: row[1], event_id: row[12], origin: row[13], received_at: receivedAt, cursor: row[15] },
  }
}
