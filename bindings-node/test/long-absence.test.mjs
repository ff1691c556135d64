/** A slow reader, with default options, after a long absence and after a burst. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'automoderate'
import { Server } from 'automoderate/testing'
import { nextEvent } from './support/clients.mjs'

const MISSED = 20_000
const BURST = 5_000

/** Reads the updates about `c<first>` to `c<last>`. Pauses after each of the first 1,500, and later less often. */
async function readSlowly(events, first, last) {
  for (let n = first; n <= last; n += 1) {
    const event = await nextEvent(events)
    // Any other event would mean a loss.
    assert.equal(event.event, 'moderation_update', JSON.stringify(event))
    assert.equal(event.content_id, `c${n}`)
    if (n - first < 1_500) await sleep(1)
    else if (n % 100 === 0) await sleep(10)
  }
}

test('20,000 missed events and a burst arrive once and in order', async (t) => {
  const server = new Server()
  t.after(() => server.close())
  const publish = (n) => server.publish('p', 'moderation_update', { content_id: `c${n}`, status: 'approved' })

  publish(0)
  const earlier = await Client.connect(server.url, { apiKey: 'any' })
  const before = await earlier.join('p', { after: 0 })
  await nextEvent(before.events())
  const { cursor } = before
  await earlier.close()
  for (let n = 1; n <= MISSED; n += 1) publish(n)

  const client = await Client.connect(server.url, { apiKey: 'any' })
  t.after(() => client.close())
  const events = (await client.join('p', { after: cursor })).events()
  await readSlowly(events, 1, MISSED)
  // The burst is about five times the size of a stream's buffer.
  for (let n = MISSED + 1; n <= MISSED + BURST; n += 1) publish(n)
  await readSlowly(events, MISSED + 1, MISSED + BURST)
})
