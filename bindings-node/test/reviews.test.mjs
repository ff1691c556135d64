/** Polling for reviews on servers without an event log, which send no events for reviews. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client } from 'automoderate'
import { Server } from 'automoderate/testing'
import { nextEvent } from './support/clients.mjs'

test('a review is delivered by polling', async (t) => {
  const server = new Server({ eventLog: false })
  t.after(() => server.close())
  const client = await Client.connect(server.url, { apiKey: 'any', reviewPoll: 1000 })
  t.after(() => client.close())
  const updates = (await client.join('p')).events('moderation_update')
  server.publish('p', 'moderation_update', { content_id: 'c1', status: 'flagged' })
  assert.equal((await nextEvent(updates)).status, 'flagged')
  server.store('p', { id: 'c1', status: 'approved' })
  const { content_id, status, meta } = await nextEvent(updates)
  assert.deepEqual([content_id, status, meta.origin], ['c1', 'approved', 'backfill'])
})
