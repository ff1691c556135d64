/** Cursors: resuming where an earlier client stopped, exact to the event. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as reading from './support/reading.mjs'
import { eventually, reference } from './support/servers.mjs'

test('a later client goes on behind a cursor', async (t) => {
  const server = await reference(t)
  const first = await server.submit('one', 'two', 'three')
  const earlier = await reading.join(t, server, {}, { after: 0 })
  assert.deepEqual(await reading.ids(earlier.project.events(), 2), first.slice(0, 2))
  const { cursor } = earlier.project
  assert.equal(typeof cursor, 'string')
  await earlier.client.close()
  const later = await server.submit('four')
  const { project } = await reading.join(t, server, {}, { after: cursor })
  const stream = project.events('moderation_update')
  assert.equal((await reading.next(stream)).meta.origin, 'replay')
  assert.deepEqual(await reading.ids(stream, 1), later)
  assert.deepEqual(first.length + later.length, 4)
})

test('a cursor never covers what was not handed out', async (t) => {
  const server = await reference(t)
  await server.submit(...Array.from({ length: 30 }, (_, number) => `text ${number}`))
  const { client, project } = await reading.join(t, server, {}, { after: 0 })
  const stream = project.events('moderation_update')
  await eventually(() => client.metrics().replayed >= 30, 'the replay')
  const cursors = [project.cursor]
  // All of them are ready at once, and parsed at once.
  for await (const event of stream) {
    assert.equal(project.cursor, event.meta.cursor)
    cursors.push(project.cursor)
    if (cursors.length === 11) break
  }
  assert.equal(project.cursor, cursors[10])
  const batch = await stream.nextBatch(5)
  assert.equal(project.cursor, batch[4].meta.cursor)
  assert.equal(new Set(cursors).size, 11)
  const again = await reading.join(t, server, {}, { after: cursors[10] })
  assert.equal((await reading.next(again.project.events('moderation_update'))).meta.event_id, batch[0].meta.event_id)
})

test('the slowest reader counts, and what a loop has left untouched is not lost', async (t) => {
  const server = await reference(t)
  const wanted = await server.submit('a', 'b', 'c', 'd')
  const { project } = await reading.join(t, server, {}, { after: 0 })
  const slow = project.events()
  const start = project.cursor
  const quick = project.events()
  await server.submit('e')
  await reading.ids(quick, 1)
  assert.equal(project.cursor, start)
  assert.deepEqual(await reading.ids(slow, 2), wanted.slice(0, 2))
  assert.deepEqual(await reading.ids(slow, 2), wanted.slice(2))
})

test('bad cursors are refused', async (t) => {
  const server = await reference(t)
  const { client } = await reading.join(t, server)
  for (const after of ['forty-one', -1, 1.5, Number.NaN, {}, true]) {
    await assert.rejects(client.join('another', { after }), { name: 'TypeError', message: /^after: / })
  }
  await assert.rejects(client.join(server.projectId, { after: 1 }), { name: 'TypeError', message: /^after/ })
})
