/** On a server without an event log, decisions missed in a long outage are fetched over REST at the reader's pace. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'automoderate'
import { Server } from 'automoderate/testing'
import { nextEvent } from './support/clients.mjs'

const makeIds = (name, count) => Array.from({ length: count }, (_, n) => `${name}${n}`)

test('each of 2,300 missed decisions arrives once and in order', async (t) => {
  const server = new Server({ eventLog: false })
  t.after(() => server.close())
  const publish = (id) => server.publish('p', 'moderation_update', { content_id: id, status: 'approved' })
  const client = await Client.connect(server.url, { apiKey: 'any' })
  t.after(() => client.close())
  const events = (await client.join('p')).events()
  // The backfill's listing starts 2 s before the newest of these decisions, so it also contains them. They must not be
  // delivered again.
  const before = makeIds('before', 200)
  before.forEach(publish)
  for (const id of before) assert.equal((await nextEvent(events)).content_id, id)
  server.setOffline(true)
  const missed = makeIds('missed', 2_300)
  missed.forEach(publish)
  server.setOffline(false)
  await server.joined('p')

  const found = []
  const live = []
  while (found.length < missed.length + live.length) {
    const event = await nextEvent(events)
    // Any other event would report a loss.
    assert.equal(event.event, 'moderation_update', JSON.stringify(event))
    assert.equal(event.meta.origin, event.content_id.startsWith('missed') ? 'backfill' : 'live')
    found.push(event.content_id)
    if (found.length % 100 === 0 && live.length < 20) {
      live.push(`live${live.length}`)
      publish(live.at(-1))
    }
    await sleep(1)
  }
  assert.deepEqual(found, [...missed, ...live])
  const { gaps, backfilled } = client.metrics()
  assert.deepEqual([gaps, backfilled], [0, missed.length])
})
