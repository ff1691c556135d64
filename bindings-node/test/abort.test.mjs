/** Aborted calls reject with the signal's reason, lose no events, and remove their listeners from the signal. */

import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { Client } from '../dist/index.mjs'
import * as clients from './support/clients.mjs'
import { startDocumented, startReference, waitUntil } from './support/servers.mjs'

const reason = new Error('enough')
const abortListeners = (signal) => getEventListeners(signal, 'abort').length

/** Checks that a call can be aborted before it starts, right after it starts, and later. */
async function expectAborted(call) {
  for (const when of [
    () => {},
    (abort) => abort(),
    (abort) => nextTurn().then(abort),
    (abort) => sleep(20).then(abort),
  ]) {
    const controller = new AbortController()
    const abort = () => controller.abort(reason)
    if (when.length === 0) abort()
    const promise = call(controller.signal)
    if (when.length > 0) when(abort)
    await assert.rejects(promise, (error) => error === reason)
    assert.equal(abortListeners(controller.signal), 0)
  }
}

test('every call can be aborted', async (t) => {
  const server = await startDocumented(t)
  const client = await clients.connect(t, server)
  await server.admin('/joins', { silent: true })
  await expectAborted((signal) => client.join(server.projectId, { signal }))
  await expectAborted((signal) => client.emitWithAck('nobody_answers', {}, { signal }))
  await expectAborted((signal) => client.events().nextBatch(1, { signal }))
  await expectAborted((signal) => client.events({ signal }).next())
  await expectAborted((signal) => client.events({ signal }).nextBatch())
  await expectAborted((signal) => client.events('gap', { signal }).throttle(10).next())
  await expectAborted(async (signal) => {
    for await (const event of client.events({ signal })) assert.fail(event.event)
  })
  // These calls finish quickly, so they are aborted before they start.
  const signal = AbortSignal.abort(reason)
  const project = { signal }
  for (const call of [
    () => client.emit('x', {}, project),
    () => client.moderate('x', project),
    () => client.moderateBatch(['x'], project),
    () => client.content('x', project),
    () => client.contentsPage(1, project),
    () => client.contents(project).next(),
    () => client.statistics(project),
    () => client.health(project),
    () => client.connect(project).then(() => assert.equal(client.state, 'connected')) && Promise.reject(reason),
  ]) {
    await assert.rejects(call(), (error) => error === reason)
  }
})

test('an aborted connect leaves no connection behind', async (t) => {
  const server = await startDocumented(t)
  // This server accepts connections but never responds.
  const silent = await import('node:net').then(({ createServer }) => createServer().listen(0, '127.0.0.1'))
  t.after(() => silent.close())
  await new Promise((resolve) => silent.once('listening', resolve))
  const { port } = silent.address()
  await expectAborted((signal) => Client.connect(`http://127.0.0.1:${port}`, { signal }))
  for (let turns = 0; turns < 20; turns++) {
    const controller = new AbortController()
    const connecting = Client.connect(server.baseUrl, { ...server.options, signal: controller.signal })
    await sleep(turns)
    controller.abort(reason)
    await connecting.then(
      (client) => client.close(),
      (error) => assert.equal(error, reason),
    )
    assert.equal(abortListeners(controller.signal), 0)
  }
  await waitUntil(async () => (await server.admin('/stats')).connected === 0, 'the last connection to end')
})

test('aborted reads lose no events', async (t) => {
  const server = await startReference(t)
  const { client, project } = await clients.join(t, server, { eventBuffer: 4096 })
  const stream = project.events('moderation_update')
  const total = 300
  const submissions = (async () => {
    const ids = []
    for (let number = 0; number < total; number++) ids.push((await client.moderate(`text ${number}`)).content_id)
    return ids
  })()
  const found = []
  let rejected = 0
  for (let turns = 0; found.length < total; turns++) {
    const controller = new AbortController()
    const waiting = stream.nextBatch(2, { signal: controller.signal })
    for (let wait = 0; wait < turns % 4; wait++) await nextTurn()
    controller.abort(reason)
    await waiting.then(
      (events) => found.push(...events.map((event) => event.content_id)),
      (error) => {
        assert.equal(error, reason)
        rejected++
      },
    )
    assert.equal(abortListeners(controller.signal), 0)
  }
  assert.deepEqual(found, await submissions)
  assert.ok(rejected > 100, String(rejected))
})

test('calls with a shared signal remove their listeners', async (t) => {
  const server = await startReference(t)
  const { signal } = new AbortController()
  const { client, project } = await clients.join(t, server, {}, { signal })
  for (let count = 0; count < 30; count++) {
    await client.health({ signal })
    const stream = project.events({ signal })
    stream.close()
  }
  const stream = project.events({ signal })
  await client.close()
  assert.deepEqual(await stream.nextBatch(), [])
  assert.equal(abortListeners(signal), 0)
})
