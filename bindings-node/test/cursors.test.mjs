/** Cursors, with which a client resumes exactly where an earlier client stopped. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as clients from './support/clients.mjs'
import { startReference, waitUntil } from './support/servers.mjs'

test('a later client resumes after a cursor', async (t) => {
  const server = await startReference(t)
  const first = await server.submit('one', 'two', 'three')
  const earlier = await clients.join(t, server, {}, { after: 0 })
  assert.deepEqual(await clients.nextIds(earlier.project.events(), 2), first.slice(0, 2))
  const { cursor } = earlier.project
  assert.equal(typeof cursor, 'string')
  await earlier.client.close()
  const later = await server.submit('four')
  const { project } = await clients.join(t, server, {}, { after: cursor })
  const stream = project.events('moderation_update')
  assert.equal((await clients.nextEvent(stream)).meta.origin, 'replay')
  assert.deepEqual(await clients.nextIds(stream, 1), later)
  assert.deepEqual(first.length + later.length, 4)
})

test('a cursor never moves past undelivered events', async (t) => {
  const server = await startReference(t)
  await server.submit(...Array.from({ length: 30 }, (_, number) => `text ${number}`))
  const { client, project } = await clients.join(t, server, {}, { after: 0 })
  const stream = project.events('moderation_update')
  await waitUntil(() => client.metrics().replayed >= 30, 'the replay')
  const cursors = [project.cursor]
  // All events are ready at once, and are parsed as one batch.
  for await (const event of stream) {
    assert.equal(project.cursor, event.meta.cursor)
    cursors.push(project.cursor)
    if (cursors.length === 11) break
  }
  assert.equal(project.cursor, cursors[10])
  const batch = await stream.nextBatch(5)
  assert.equal(project.cursor, batch[4].meta.cursor)
  assert.equal(new Set(cursors).size, 11)
  const again = await clients.join(t, server, {}, { after: cursors[10] })
  assert.equal(
    (await clients.nextEvent(again.project.events('moderation_update'))).meta.event_id,
    batch[0].meta.event_id,
  )
})

test('the slowest reader determines the cursor, and a loop continues where the previous one stopped', async (t) => {
  const server = await startReference(t)
  const wanted = await server.submit('a', 'b', 'c', 'd')
  const { project } = await clients.join(t, server, {}, { after: 0 })
  const slow = project.events()
  const start = project.cursor
  const quick = project.events()
  await server.submit('e')
  await clients.nextIds(quick, 1)
  assert.equal(project.cursor, start)
  assert.deepEqual(await clients.nextIds(slow, 2), wanted.slice(0, 2))
  assert.deepEqual(await clients.nextIds(slow, 2), wanted.slice(2))
})

test('invalid cursors are rejected', async (t) => {
  const server = await startReference(t)
  const { client } = await clients.join(t, server)
  for (const after of ['forty-one', -1, 1.5, Number.NaN, {}, true]) {
    await assert.rejects(client.join('another', { after }), { name: 'TypeError', message: /^after: / })
  }
  await assert.rejects(client.join(server.projectId, { after: 1 }), { name: 'TypeError', message: /^after/ })
})
