// The list of the newest decisions. Users can pause it, because a moving list is hard to read.

import type { ModerationUpdate } from '../api/types.ts'
import { authorId, displayName, formatNumber } from '../parts/format.ts'
import { Badge, Card, Time } from '../parts/small.tsx'
import { announce } from '../state/announce.ts'
import type { Feed, Row } from '../state/feed.ts'
import { OUTCOMES } from '../state/history.ts'

export function ActivityFeed({ feed }: { feed: Feed }) {
  const rows = feed.rows.value
  return (
    <Card title="Activity" id="activity" aside={<FeedControls feed={feed} />}>
      {rows.length === 0 ? (
        <p class="empty">
          {feed.statusFilter.value === '' ? 'No decisions yet.' : 'None of these among the newest decisions.'}
        </p>
      ) : (
        <ol class="feed" aria-labelledby="activity">
          {rows.map((row) => (
            <FeedRow key={row.key} row={row} />
          ))}
        </ol>
      )}
    </Card>
  )
}

function FeedControls({ feed }: { feed: Feed }) {
  const toggle = () => {
    if (feed.isPaused.value) feed.resume()
    else feed.pause()
    announce(feed.isPaused.value ? 'The list is paused' : 'The list goes on')
  }
  const addedCount = feed.addedDuringPause.value
  return (
    <div class="controls">
      <label>
        <span class="hidden">Show</span>
        <select
          value={feed.statusFilter.value}
          onChange={(event) => (feed.statusFilter.value = event.currentTarget.value)}
        >
          <option value="">All</option>
          {OUTCOMES.map((outcome) => (
            <option key={outcome} value={outcome}>
              {displayName(outcome)}
            </option>
          ))}
        </select>
      </label>
      <button type="button" onClick={toggle}>
        {feed.isPaused.value ? `Resume${addedCount > 0 ? ` (${formatNumber(addedCount)} new)` : ''}` : 'Pause'}
      </button>
    </div>
  )
}

function FeedRow({ row }: { row: Row }) {
  if (row.kind === 'gap') {
    const subject = row.missed === undefined ? 'Events may be' : `${formatNumber(row.missed)} events are`
    return <li class="gap">{subject} missing here: the server does not have them any more, or there were too many.</li>
  }
  const { update } = row
  const user = authorId(update.meta_data)
  return (
    <li>
      <Time at={update.timestamp} />
      <Badge value={update.status} />
      <span class="text">{update.content_preview}</span>
      <span class="by">
        {deciderName(update)}
        {user !== undefined && <> · {user}</>}
      </span>
    </li>
  )
}

function deciderName(update: ModerationUpdate): string {
  if (update.rule_name) return update.rule_name
  return update.moderator_type === 'rule' ? 'No rule matched' : update.moderator_name
}
