/** Snapshots of projects, from which streams continue. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Server } from 'automoderate/testing'
import * as clients from './support/clients.mjs'
import { startReference } from './support/servers.mjs'

test('a snapshot contains the statistics, the rules and the review queue', async (t) => {
  const { client, project } = await clients.join(t, await startReference(t))
  const results = await client.moderateBatch(['a fine day', 'free money', 'what an idiot'])
  const { cursor, stats, rules, review } = await project.snapshot()
  assert.equal(typeof cursor, 'string')
  assert.deepEqual([stats.total_content, stats.approved, stats.rejected, stats.flagged], [3, 1, 1, 1])
  assert.deepEqual(stats, await client.statistics())
  assert.deepEqual(
    rules.map(({ name, type, is_active, action }) => [name, type, is_active, action]),
    [
      ['Spam Detection', 'keyword', true, 'reject'],
      ['Phone Numbers', 'regex', true, 'flag'],
      ['Rude Words', 'regex', true, 'flag'],
    ],
  )
  assert.equal(review.total, 1)
  assert.deepEqual(review.items, [await client.content(results[2].content_id)])
})

test('a stream continues from a snapshot without loss or repetition', async (t) => {
  const server = await startReference(t)
  const { project } = await clients.join(t, server)
  const texts = Array.from({ length: 60 }, (_, number) => `text ${number}`)
  const submitted = server.submit(...texts)
  const snapshots = [await project.snapshot()]
  while (snapshots.at(-1).stats.total_content < texts.length) snapshots.push(await project.snapshot())
  const ids = await submitted
  assert.ok(snapshots.length > 2, String(snapshots.length))
  ids.push(...(await server.submit('last')))
  for (const { cursor, stats } of [snapshots[0], snapshots[snapshots.length >> 1], snapshots.at(-1)]) {
    const later = await clients.join(t, server, {}, { after: cursor })
    const rest = ids.slice(stats.total_content)
    assert.deepEqual(await clients.nextIds(later.project.events(), rest.length), rest)
    assert.equal(later.client.metrics().gaps, 0)
  }
})

test('a project can be joined again after its snapshot', async (t) => {
  const server = await startReference(t)
  const { client, project } = await clients.join(t, server)
  await server.submit('earlier')
  const { cursor } = await project.snapshot()
  await project.leave()
  const later = await server.submit('later')
  const again = await client.join(server.projectId, { after: cursor })
  assert.deepEqual(await clients.nextIds(again.events(), 1), later)
})

test('a snapshot can be aborted, and fails on servers without snapshots', async (t) => {
  const server = new Server()
  t.after(() => server.close())
  const { project } = await clients.join(t, { baseUrl: server.url, projectId: 'p', options: { apiKey: 'any' } })
  await assert.rejects(project.snapshot(), { code: 'api', status: 404 })
  server.setSilent(true)
  const reason = new Error('enough')
  const controller = new AbortController()
  const pending = project.snapshot({ signal: controller.signal })
  setTimeout(() => controller.abort(reason), 20)
  await assert.rejects(pending, (error) => error === reason)
})
