/** A credentials provider: called before every attempt with the reason, and allowed to return none. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { AutoModerateError, Client } from '../dist/index.mjs'
import { QUICK } from './support/reading.mjs'
import { eventually, flask, reference } from './support/servers.mjs'

const reconnect = QUICK

test('it is asked, told why, and may answer in several ways', async (t) => {
  const server = await reference(t)
  const shapes = {
    text: (key) => key,
    object: (apiKey) => ({ apiKey }),
    promise: async (apiKey) => ({ apiKey }),
  }
  for (const shape of Object.values(shapes)) {
    const reasons = []
    const credentials = (reason, { signal }) => {
      assert.ok(signal instanceof AbortSignal)
      reasons.push(reason)
      return shape(reasons.length > 1 ? server.apiKey : 'am_stale')
    }
    const client = await Client.connect(server.baseUrl, { credentials, reconnect })
    await client.join(server.projectId)
    assert.deepEqual(reasons, ['first', 'rejected'])
    client.networkChanged()
    await client.close()
  }
})

test('a session, or a password', async (t) => {
  const server = await flask(t)
  const credentials = () => ({ email: server.email, password: server.password })
  const client = await Client.connect(server.baseUrl, { credentials })
  t.after(() => client.close())
  assert.equal((await client.join(server.projectId)).id, server.projectId)
})

test('it is asked again when a connection was lost', async (t) => {
  const server = await flask(t)
  const reasons = []
  const credentials = async (reason) => {
    reasons.push(reason)
    return { email: server.email, password: server.password }
  }
  const client = await Client.connect(server.baseUrl, { credentials, reconnect })
  t.after(() => client.close())
  await server.admin('/cut')
  await eventually(() => client.metrics().connections === 2, 'the second connection')
  assert.deepEqual(reasons, ['first', 'reconnect'])
})

test('what it throws is not shown, and ends the client if it says so', async (t) => {
  const server = await reference(t)
  const giveUp = () => {
    throw new AutoModerateError('secret sauce', { code: 'authentication_failed' })
  }
  const refused = await Client.connect(server.baseUrl, { credentials: giveUp }).catch((error) => error)
  assert.equal(refused.code, 'authentication_failed')
  assert.doesNotMatch(inspect(refused), /sauce/)
  for (const answer of [
    7,
    {},
    { key: 'k' },
    { apiKey: 7 },
    { apiKey: 'k', session: 's' },
    { email: 'e' },
    [],
    Symbol('k'),
  ]) {
    const wrong = await Client.connect(server.baseUrl, { credentials: () => answer }).catch((error) => error)
    assert.equal(wrong.code, 'authentication_failed', inspect(answer))
    assert.match(
      wrong.message,
      /credentials: what is returned must be a key|credentials\.(apiKey|password): expected a string/,
    )
  }
  let asked = 0
  const flaky = async () => {
    if (++asked < 3) throw new Error('try again')
    return server.apiKey
  }
  const client = await Client.connect(server.baseUrl, { credentials: flaky, reconnect, retryFirstConnect: true })
  await client.close()
  assert.equal(asked, 3)
  const once = await Client.connect(server.baseUrl, { credentials: () => Promise.reject(null) }).catch((error) => error)
  assert.deepEqual([once.code, once.stage, once.retryable], ['connect_failed', 'credentials', true])
})

test('a slow provider hears that nobody waits any more', async (t) => {
  const server = await reference(t)
  const signals = []
  const credentials = (_, { signal }) => {
    signals.push(signal)
    return signals.length === 1 ? new Promise(() => {}) : server.apiKey
  }
  const options = { credentials, reconnect, retryFirstConnect: true, connectTimeout: 200 }
  const client = await Client.connect(server.baseUrl, options)
  assert.deepEqual(
    signals.map((signal) => signal.aborted),
    [true, false],
  )
  await client.close()
})
