/** A program that returns with its cursor after a long absence, and reads more slowly than the server sends. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'automoderate'
import { Server } from 'automoderate/testing'
import { next } from './support/reading.mjs'

const MISSED = 20_000

test('20,000 missed events arrive once and in order', async (t) => {
  const server = new Server()
  t.after(() => server.close())
  const publish = (n) => server.publish('p', 'moderation_update', { content_id: `c${n}`, status: 'approved' })

  publish(0)
  const earlier = await Client.connect(server.url, { apiKey: 'any' })
  const before = await earlier.join('p', { after: 0 })
  await next(before.events())
  const { cursor } = before
  await earlier.close()
  for (let n = 1; n <= MISSED; n += 1) publish(n)

  const client = await Client.connect(server.url, { apiKey: 'any' })
  t.after(() => client.close())
  const found = []
  for await (const event of (await client.join('p', { after: cursor })).events()) {
    // Anything else would be a loss.
    assert.equal(event.event, 'moderation_update', JSON.stringify(event))
    found.push(event.content_id)
    if (found.length === MISSED) break
    if (found.length <= 1_500) await sleep(1)
    else if (found.length % 100 === 0) await sleep(10)
  }
  assert.deepEqual(
    found,
    Array.from({ length: MISSED }, (_, n) => `c${n + 1}`),
  )
})
