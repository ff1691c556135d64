/** Live views of projects. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Server } from 'automoderate/testing'
import * as clients from './support/clients.mjs'
import { startReference } from './support/servers.mjs'

/** Reads events until the view has reached the snapshot's position, and compares the two. */
async function assertReaches(view, snapshot) {
  while (Number(view.state.cursor.split(':').at(-1)) < Number(snapshot.cursor.split(':').at(-1))) {
    assert.equal((await view.next()).done, false)
  }
  const { cursor, counts, rules, reviewQueue } = view.state
  const { approval_rate: _rate, extra: _extra, ...stats } = snapshot.stats
  assert.deepEqual([cursor, counts, rules], [snapshot.cursor, stats, snapshot.rules])
  const queue = reviewQueue.map(({ decision }) => decision.content_id)
  const items = snapshot.review.items.map((item) => item.id)
  assert.deepEqual(queue, items.slice(0, queue.length))
}

test('a live view starts with a snapshot and follows the events', async (t) => {
  const server = await startReference(t)
  const { client, project } = await clients.join(t, server)
  await client.moderate('what an idiot')
  const view = await project.liveView()
  assert.equal(view.state.counts.flagged, 1)
  assert.equal(view.state.reviewQueue[0].decision.content_preview, 'what an idiot')
  await client.moderateBatch(Array.from({ length: 100 }, (_, n) => (n % 3 ? 'a fine day' : `you idiot ${n}`)))
  await assertReaches(view, await project.snapshot())
  assert.equal(view.state.reviewQueue.length, 35)
  await client.moderate('a fine day')
  // Statistics, which are not logged, may arrive at any time.
  let value
  do value = (await view.next()).value
  while (value.event !== 'moderation_update')
  assert.equal(value.status, 'approved')
  assert.equal(value.meta.cursor, view.state.cursor)
})

test('closing a view ends a waiting loop and keeps the last state', async (t) => {
  const { project } = await clients.join(t, await startReference(t))
  const view = await project.liveView()
  const loop = (async () => {
    for await (const event of view) assert.ok(event)
  })()
  setTimeout(() => view.close(), 20)
  await loop
  assert.equal(view.state.counts.total_content, 0)
  assert.deepEqual(await view.next(), { done: true, value: undefined })
})

test('a view ends with its project', async (t) => {
  const { project } = await clients.join(t, await startReference(t))
  const view = await project.liveView()
  await project.leave()
  for await (const event of view) assert.equal(event.event, 'stats_update')
})

test('servers without snapshots have no live views', async (t) => {
  const server = new Server()
  t.after(() => server.close())
  const { project } = await clients.join(t, { baseUrl: server.url, projectId: 'p', options: { apiKey: 'any' } })
  await assert.rejects(project.liveView(), { code: 'api', status: 404 })
})
