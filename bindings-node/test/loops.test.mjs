/** Loops over streams: leaving them, sharing them, batches, throttling. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as reading from './support/reading.mjs'
import { asgi, eventually, reference } from './support/servers.mjs'

const texts = (many) => Array.from({ length: many }, (_, number) => `text ${number}`)

test('leaving a loop loses nothing: the same stream goes on', async (t) => {
  const server = await reference(t)
  const { client, project } = await reading.join(t, server)
  const stream = project.events('moderation_update')
  const wanted = await server.submit(...texts(60))
  await eventually(() => client.metrics().events >= 60, 'the events')
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

test('several loops share a stream, each event going to one of them', async (t) => {
  const server = await reference(t)
  const { project } = await reading.join(t, server)
  const stream = project.events('moderation_update')
  const found = []
  const loops = Array.from({ length: 4 }, async () => {
    for await (const event of stream) {
      found.push(event.content_id)
      await sleep(1)
    }
  })
  const wanted = await server.submit(...texts(50))
  await eventually(() => found.length === 50, 'the last event')
  stream.close()
  await Promise.all(loops)
  assert.deepEqual(found.toSorted(), wanted.toSorted())
})

test('promises of `next` that are not awaited are answered in order', async (t) => {
  const server = await reference(t)
  const { project } = await reading.join(t, server)
  const stream = project.events('moderation_update')
  const waiting = Array.from({ length: 10 }, () => stream.next())
  const wanted = await server.submit(...texts(10))
  assert.deepEqual(
    (await Promise.all(waiting)).map(({ value }) => value.content_id),
    wanted,
  )
})

test('batches hold what is there, up to their size', async (t) => {
  const server = await reference(t)
  const { project } = await reading.join(t, server)
  const stream = project.events('moderation_update')
  // Readers wake once all streams have received an event.
  const witness = project.events('moderation_update')
  const wanted = await server.submit(...texts(30))
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

test('throttling keeps the last', async (t) => {
  const server = await asgi(t)
  const { project } = await reading.join(t, server)
  const plain = project.events('stats_update')
  const stream = plain.throttle(200)
  assert.deepEqual(await plain.next(), { done: true, value: undefined })
  const seen = []
  const reading_ = (async () => {
    for await (const stats of stream) {
      seen.push(stats.total_content)
      if (stats.total_content === 29) break
    }
  })()
  for (let total = 0; total < 30; total++) {
    const data = { total_content: total, project_id: server.projectId }
    await server.admin('/emit', { event: 'stats_update', data, project_id: server.projectId })
  }
  await reading_
  assert.ok(seen.length < 15 && seen.at(-1) === 29, seen.join())
  assert.throws(() => stream.throttle(1), { name: 'TypeError', message: /^throttle: / })
})

test('a loop that never waits lets others run', async (t) => {
  const server = await reference(t)
  await server.submit(...texts(400))
  const { client, project } = await reading.join(t, server, { eventBuffer: 4096 }, { after: 0 })
  const stream = project.events('moderation_update')
  await eventually(() => client.metrics().replayed >= 400, 'the replay')
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
