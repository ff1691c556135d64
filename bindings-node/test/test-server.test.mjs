/** The test server of `automoderate/testing`. */

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { Client } from 'automoderate'
import { Server } from 'automoderate/testing'
import { FAST_RECONNECT, nextEvent } from './support/clients.mjs'

function startServer(t) {
  const server = new Server()
  t.after(() => server.close())
  return server
}

async function connect(t, server) {
  const client = await Client.connect(server.url, { apiKey: 'any', reconnect: FAST_RECONNECT })
  t.after(() => client.close())
  return client
}

const approval = (id) => ({ content_id: id, status: 'approved' })

test('no event is lost when connections are cut', async (t) => {
  const server = startServer(t)
  const client = await connect(t, server)
  const stream = (await client.join('p')).events('moderation_update')
  for (let n = 1; n <= 30; n += 1) {
    assert.equal(server.publish('p', 'moderation_update', approval(`c${n}`)), n)
    if (n % 10 === 0) server.cut()
  }
  for (let n = 1; n <= 30; n += 1) assert.equal((await nextEvent(stream)).content_id, `c${n}`)
  await server.joined('p')
  await client.close()
  await server.connected({ connections: 0 })
})

test('a forgotten log causes a gap', async (t) => {
  const server = startServer(t)
  const client = await connect(t, server)
  const stream = (await client.join('p')).events()
  server.setOffline(true)
  server.publish('p', 'moderation_update', approval('lost'))
  server.forget('p')
  server.setOffline(false)
  const { event, reason, missed } = await nextEvent(stream)
  assert.deepEqual([event, reason, missed], ['gap', 'expired', 1])
})

test('refused joins and credentials reach the client', async (t) => {
  const server = startServer(t)
  const client = await connect(t, server)
  server.refuseJoins('p')
  await assert.rejects(client.join('p'), { code: 'access_denied' })
  server.refuseJoins('p', null)
  await client.join('p')
  server.refuseCredentials()
  await assert.rejects(Client.connect(server.url, { apiKey: 'any' }), { code: 'authentication_failed' })
})

test('statistics have no event id, and emitted events are recorded', async (t) => {
  const server = startServer(t)
  const client = await connect(t, server)
  assert.equal(server.publish('p', 'stats_update', { total_content: 1 }), null)
  await client.emitWithAck('shout', { loud: true })
  assert.deepEqual(server.received(), [{ name: 'shout', data: { loud: true } }])
})

test('waits time out, and invalid arguments throw an error that names the argument', async (t) => {
  const server = startServer(t)
  await assert.rejects(server.joined('p', { timeout: 20 }), { name: 'TimeoutError' })
  assert.throws(() => server.publish('p', 'moderation_update', [1]), { name: 'TypeError', message: /data/ })
})

test('the module can be loaded with `require`', () => {
  assert.equal(createRequire(import.meta.url)('automoderate/testing').Server, Server)
})
