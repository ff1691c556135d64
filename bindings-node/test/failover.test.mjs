/** A server moves from one address to another, and the client follows without losing or repeating events. */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { Client } from '../dist/index.mjs'
import * as clients from './support/clients.mjs'
import { makeTempFolder, startReference } from './support/servers.mjs'

test('a client fails over to the next address', async (t) => {
  const database = join(makeTempFolder(t), 'server.db')
  let server = await startReference(t, { database })
  const first = server.baseUrl
  // The server first restarts on another port, and later restarts on the first port.
  await server.stop('SIGKILL')
  server = await startReference(t, { database })
  const second = server.baseUrl
  const options = { fallbackUrls: [new URL(first)], reconnect: clients.FAST_RECONNECT }
  const { client, project } = await clients.join(t, server, options)
  assert.equal(client.url, second)
  const stream = project.events('moderation_update')
  const wanted = await server.submit('one', 'two')
  assert.deepEqual(await clients.nextIds(stream, 1), wanted.slice(0, 1))
  const log = project.cursor.split(':')[0]
  await server.stop('SIGKILL')
  server = await startReference(t, { database, listen: new URL(first).host })
  wanted.push(...(await server.submit('while the client was away')))
  assert.deepEqual(await clients.nextIds(stream, 2), wanted.slice(1))
  assert.equal(client.url, first)
  assert.equal((await client.content(wanted[0])).id, wanted[0])
  assert.deepEqual([stream.losses, project.cursor.split(':')[0]], [{ lagged: 0, gaps: 0 }, log])
})

test('the first connection tries each address', async (t) => {
  const gone = await startReference(t)
  await gone.stop('SIGKILL')
  const server = await startReference(t)
  const client = await Client.connect(gone.baseUrl, { ...server.options, fallbackUrls: [server.baseUrl] })
  t.after(() => client.close())
  assert.equal(client.url, server.baseUrl)
})
