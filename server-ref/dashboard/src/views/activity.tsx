// The newest decisions. The list can be paused, because a moving list is hard to read.

import type { ModerationUpdate } from '../api/types.ts'
import { author, formatNumber, word } from '../parts/format.ts'
import { Badge, Card, Time } from '../parts/small.tsx'
import { announce } from '../state/announce.ts'
import type { Feed, Row } from '../state/feed.ts'
import { OUTCOMES } from '../state/history.ts'

export function ActivityFeed({ feed }: { feed: Feed }) {
  const rows = feed.rows.value
  return (
    <Card title="Activity" id="activity" aside={<Controls feed={feed} />}>
      {rows.length === 0 ? (
        <p class="empty">
          {feed.status.value === '' ? 'No decisions yet.' : 'None of these among the newest decisions.'}
        </p>
      ) : (
        <ol class="feed" aria-labelledby="activity">
          {rows.map((row) => (
            <Line key={row.key} row={row} />
          ))}
        </ol>
      )}
    </Card>
  )
}

function Controls({ feed }: { feed: Feed }) {
  const toggle = () => {
    if (feed.isPaused.value) feed.resume()
    else feed.pause()
    announce(feed.isPaused.value ? 'The list is paused' : 'The list goes on')
  }
  const waiting = feed.waiting.value
  return (
    <div class="controls">
      <label>
        <span class="hidden">Show</span>
        <select value={feed.status.value} onChange={(event) => (feed.status.value = event.currentTarget.value)}>
          <option value="">All</option>
          {OUTCOMES.map((outcome) => (
            <option key={outcome} value={outcome}>
              {word(outcome)}
            </option>
          ))}
        </select>
      </label>
      <button type="button" onClick={toggle}>
        {feed.isPaused.value ? `Resume${waiting > 0 ? ` (${formatNumber(waiting)} new)` : ''}` : 'Pause'}
      </button>
    </div>
  )
}

function Line({ row }: { row: Row }) {
  if (row.kind === 'gap') {
    const what = row.missed === undefined ? 'Events may be' : `${formatNumber(row.missed)} events are`
    return <li class="gap">{what} missing here: the server does not have them any more, or there were too many.</li>
  }
  const { update } = row
  const user = author(update.meta_data)
  return (
    <li>
      <Time at={update.timestamp} />
      <Badge of={update.status} />
      <span class="text">{update.content_preview}</span>
      <span class="by">
        {decider(update)}
        {user !== undefined && <> · {user}</>}
      </span>
    </li>
  )
}

function decider(update: ModerationUpdate): string {
  if (update.rule_name) return update.rule_name
  return update.moderator_type === 'rule' ? 'No rule matched' : update.moderator_name
}
