/** Loops over streams: early exits, shared streams, batches and throttling. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as clients from './support/clients.mjs'
import { startDocumented, startReference, waitUntil } from './support/servers.mjs'

const makeTexts = (count) => Array.from({ length: count }, (_, number) => `text ${number}`)

test('no event is lost when a loop is left and another one continues', async (t) => {
  const server = await startReference(t)
  const { client, project } = await clients.join(t, server)
  const stream = project.events('moderation_update')
  const wanted = await server.submit(...makeTexts(60))
  await waitUntil(() => client.metrics().events >= 60, 'the events')
  const found = []
  while (found.length < 60) {
    try {
      for await (const event of stream) {
        found.push(event.content_id)
        if (found.length % 7 === 0) break
        if (found.length % 11 === 0) throw new RangeError('out of the loop')
        if (found.length === 60) break
      }
    } catch (error) {
      assert.equal(error.name, 'RangeError')
    }
    if (found.length % 3 === 0 && found.length < 60) found.push((await stream.next()).value.content_id)
  }
  assert.deepEqual(found, wanted)
})

test('several loops share a stream, and each event goes to one of them', async (t) => {
  const server = await startReference(t)
  const { project } = await clients.join(t, server)
  const stream = project.events('moderation_update')
  const found = []
  const loops = Array.from({ length: 4 }, async () => {
    for await (const event of stream) {
      found.push(event.content_id)
      await sleep(1)
    }
  })
  const wanted = await server.submit(...makeTexts(50))
  await waitUntil(() => found.length === 50, 'the last event')
  stream.close()
  await Promise.all(loops)
  assert.deepEqual(found.toSorted(), wanted.toSorted())
})

test('concurrent calls of `next` resolve in order', async (t) => {
  const server = await startReference(t)
  const { project } = await clients.join(t, server)
  const stream = project.events('moderation_update')
  const waiting = Array.from({ length: 10 }, () => stream.next())
  const wanted = await server.submit(...makeTexts(10))
  assert.deepEqual(
    (await Promise.all(waiting)).map(({ value }) => value.content_id),
    wanted,
  )
})

test('a batch contains the ready events, up to its size', async (t) => {
  const server = await startReference(t)
  const { project } = await clients.join(t, server)
  const stream = project.events('moderation_update')
  // Readers wake only after all streams have received the event.
  const witness = project.events('moderation_update')
  const wanted = await server.submit(...makeTexts(30))
  for (const id of wanted) assert.equal((await witness.next()).value.content_id, id)
  const sizes = []
  const found = []
  const first = await stream.next()
  found.push(first.value.content_id)
  while (found.length < 30) {
    const batch = await stream.nextBatch(8)
    sizes.push(batch.length)
    found.push(...batch.map((event) => event.content_id))
  }
  assert.deepEqual(sizes, [8, 8, 8, 5])
  assert.deepEqual(found, wanted)
})

test('a throttled stream keeps the last event', async (t) => {
  const server = await startDocumented(t)
  const { project } = await clients.join(t, server)
  const plain = project.events('stats_update')
  const stream = plain.throttle(200)
  assert.deepEqual(await plain.next(), { done: true, value: undefined })
  const seen = []
  const readAll = (async () => {
    for await (const stats of stream) {
      seen.push(stats.total_content)
      if (stats.total_content === 29) break
    }
  })()
  for (let total = 0; total < 30; total++) {
    const data = { total_content: total, project_id: server.projectId }
    await server.admin('/emit', { event: 'stats_update', data, project_id: server.projectId })
  }
  await readAll
  assert.ok(seen.length < 15 && seen.at(-1) === 29, seen.join())
  assert.throws(() => stream.throttle(1), { name: 'TypeError', message: /^throttle: / })
})

test('a loop that never waits lets other tasks run', async (t) => {
  const server = await startReference(t)
  await server.submit(...makeTexts(400))
  const { client, project } = await clients.join(t, server, { eventBuffer: 4096 }, { after: 0 })
  const stream = project.events('moderation_update')
  await waitUntil(() => client.metrics().replayed >= 400, 'the replay')
  let turns = 0
  const timer = setInterval(() => turns++, 0)
  let seen = 0
  for await (const _ of stream) {
    if (++seen === 400) break
  }
  let batches = 0
  while (batches < 20) {
    batches++
    await server.submit('one')
    await stream.nextBatch(1)
  }
  clearInterval(timer)
  assert.ok(turns > 0)
})
