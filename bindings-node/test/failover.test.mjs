/** A server moves from one address to another: the client follows, and nothing is lost or comes twice. */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { Client } from '../dist/index.mjs'
import * as reading from './support/reading.mjs'
import { folder, reference } from './support/servers.mjs'

test('the next address takes over', async (t) => {
  const database = join(folder(t), 'server.db')
  let server = await reference(t, { database })
  const first = server.baseUrl
  // From here on at another port, and later at the first one again.
  await server.stop('SIGKILL')
  server = await reference(t, { database })
  const second = server.baseUrl
  const options = { fallbackUrls: [new URL(first)], reconnect: reading.QUICK }
  const { client, project } = await reading.join(t, server, options)
  assert.equal(client.url, second)
  const stream = project.events('moderation_update')
  const wanted = await server.submit('one', 'two')
  assert.deepEqual(await reading.ids(stream, 1), wanted.slice(0, 1))
  const log = project.cursor.split(':')[0]
  await server.stop('SIGKILL')
  server = await reference(t, { database, listen: new URL(first).host })
  wanted.push(...(await server.submit('while the client was away')))
  assert.deepEqual(await reading.ids(stream, 2), wanted.slice(1))
  assert.equal(client.url, first)
  assert.equal((await client.content(wanted[0])).id, wanted[0])
  assert.deepEqual([stream.losses, project.cursor.split(':')[0]], [{ lagged: 0, gaps: 0 }, log])
})

test('the first connection is tried at each', async (t) => {
  const gone = await reference(t)
  await gone.stop('SIGKILL')
  const server = await reference(t)
  const client = await Client.connect(gone.baseUrl, { ...server.options, fallbackUrls: [server.baseUrl] })
  t.after(() => client.close())
  assert.equal(client.url, server.baseUrl)
})
