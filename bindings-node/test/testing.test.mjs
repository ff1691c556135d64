/** `automoderate/testing`: a server for the tests of programs that use the package. */

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { Client } from 'automoderate'
import { Server } from 'automoderate/testing'
import { next, QUICK } from './support/reading.mjs'

function start(t) {
  const server = new Server()
  t.after(() => server.close())
  return server
}

async function connect(t, server) {
  const client = await Client.connect(server.url, { apiKey: 'any', reconnect: QUICK })
  t.after(() => client.close())
  return client
}

const update = (id) => ({ content_id: id, status: 'approved' })

test('nothing is lost while connections are cut', async (t) => {
  const server = start(t)
  const client = await connect(t, server)
  const stream = (await client.join('p')).events('moderation_update')
  for (let n = 1; n <= 30; n += 1) {
    assert.equal(server.publish('p', 'moderation_update', update(`c${n}`)), n)
    if (n % 10 === 0) server.cut()
  }
  for (let n = 1; n <= 30; n += 1) assert.equal((await next(stream)).content_id, `c${n}`)
  await server.joined('p')
  await client.close()
  await server.connected({ connections: 0 })
})

test('a log that was forgotten is a gap', async (t) => {
  const server = start(t)
  const client = await connect(t, server)
  const stream = (await client.join('p')).events()
  server.setOffline(true)
  server.publish('p', 'moderation_update', update('lost'))
  server.forget('p')
  server.setOffline(false)
  const { event, reason, missed } = await next(stream)
  assert.deepEqual([event, reason, missed], ['gap', 'expired', 1])
})

test('refusals reach who asked', async (t) => {
  const server = start(t)
  const client = await connect(t, server)
  server.refuseJoins('p')
  await assert.rejects(client.join('p'), { code: 'access_denied' })
  server.refuseJoins('p', null)
  await client.join('p')
  server.refuseCredentials()
  await assert.rejects(Client.connect(server.url, { apiKey: 'any' }), { code: 'authentication_failed' })
})

test('statistics have no id, and emitted events are kept', async (t) => {
  const server = start(t)
  const client = await connect(t, server)
  assert.equal(server.publish('p', 'stats_update', { total_content: 1 }), null)
  await client.emitWithAck('shout', { loud: true })
  assert.deepEqual(server.received(), [{ name: 'shout', data: { loud: true } }])
})

test('a wait ends, and bad arguments are named', async (t) => {
  const server = start(t)
  await assert.rejects(server.joined('p', { timeout: 20 }), { name: 'TimeoutError' })
  assert.throws(() => server.publish('p', 'moderation_update', [1]), { name: 'TypeError', message: /data/ })
})

test('it can be required', () => {
  assert.equal(createRequire(import.meta.url)('automoderate/testing').Server, Server)
})
