/** Unused objects are garbage-collected, and memory does not grow with the number of closed clients. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from '../dist/index.mjs'
import * as clients from './support/clients.mjs'
import { startDocumented, startReference, waitUntil } from './support/servers.mjs'

const countConnections = async (server) => (await server.admin('/stats')).connected

/** Runs the garbage collector until a condition holds. */
function waitUntilCollected(check, what) {
  return waitUntil(async () => {
    globalThis.gc()
    await sleep(5)
    return check()
  }, what)
}

test('an unreferenced client is freed, and its connection is closed', async (t) => {
  const server = await startDocumented(t)
  const open = {
    alone: async () => {},
    'with a project and a stream': async (client) => {
      const stream = (await client.join(server.projectId)).events()
      await server.admin('/moderate', { content: 'x' })
      await stream.next()
    },
    'with a listener of states': async (client) => client.on('state', () => {}),
    'with a wait that was aborted': async (client) => {
      await client
        .events()
        .nextBatch(1, { signal: AbortSignal.timeout(20) })
        .catch(() => {})
    },
    'with a signal that lives on': async (client) => client.events({ signal: longLived.signal }),
    'with a stream that was closed': async (client) => client.events().close(),
  }
  const longLived = new AbortController()
  for (const [how, use] of Object.entries(open)) {
    let ref
    await (async () => {
      const client = await Client.connect(server.baseUrl, server.options)
      ref = new WeakRef(client)
      await use(client)
      assert.equal(await countConnections(server), 1)
    })()
    await waitUntilCollected(() => ref.deref() === undefined, `the client ${how} being freed`)
    await waitUntilCollected(
      async () => (await countConnections(server)) === 0,
      `the connection of a client ${how} being closed`,
    )
  }
})

test('an unreferenced client with a credentials provider is freed', async (t) => {
  const server = await startReference(t)
  let ref
  await (async () => {
    ref = new WeakRef(await Client.connect(server.baseUrl, { credentials: () => server.apiKey }))
  })()
  await waitUntilCollected(() => ref.deref() === undefined, 'the client being freed')
})

test('a client with an awaited stream or an event listener is kept', async (t) => {
  const server = await startDocumented(t)
  const seen = []
  await (async () => {
    const client = await Client.connect(server.baseUrl, server.options)
    const stream = (await client.join(server.projectId)).events('moderation_update')
    stream.next().then(({ value }) => seen.push(`waited for: ${value.content_preview}`))
    const listening = await Client.connect(server.baseUrl, server.options)
    await listening.join(server.projectId)
    listening.once('moderation_update', (event) => seen.push(`listened to: ${event.content_preview}`))
    // The third client is unused, so its collection shows that garbage has been collected.
    await (await Client.connect(server.baseUrl, server.options)).join(server.projectId)
  })()
  await waitUntilCollected(
    async () => (await countConnections(server)) === 2,
    'the connection of the third being closed',
  )
  await server.admin('/moderate', { content: 'still here' })
  await waitUntil(() => seen.length === 2, 'the events')
  assert.deepEqual(seen.toSorted(), ['listened to: still here', 'waited for: still here'])
})

test('unreferenced streams are freed', async (t) => {
  const server = await startReference(t)
  const { project } = await clients.join(t, server)
  const refs = await (async () => {
    const streams = Array.from({ length: 100 }, () => project.events())
    await server.submit('x')
    await Promise.all(streams.map((stream) => stream.next()))
    await Promise.all(streams.map((stream) => stream.nextBatch(1, { signal: AbortSignal.timeout(1) }).catch(() => {})))
    return streams.map((stream) => new WeakRef(stream))
  })()
  await waitUntilCollected(() => refs.every((ref) => ref.deref() === undefined), 'the streams being freed')
})

/** Returns the memory used by objects on V8's heap, and by the process outside V8's heap, in MB. */
function memoryInUse() {
  globalThis.gc()
  const { rss, heapTotal, heapUsed } = process.memoryUsage()
  return { heap: heapUsed / 1e6, others: (rss - heapTotal) / 1e6 }
}

test('memory does not grow over 10,000 clients', { timeout: 300_000 }, async (t) => {
  const server = await startReference(t)
  const useClient = async (number) => {
    const client = await Client.connect(server.baseUrl, {
      ...server.options,
      transports: 'websocket',
      heartbeatInterval: false,
    })
    if (number % 10 === 0) {
      const project = await client.join(server.projectId)
      project.events()
      client.on('state', () => {})
    }
    if (number % 3 !== 0) await client.close()
    else client.close().catch(() => {})
  }
  const useClients = async (count) => {
    // Collect garbage often, so that only memory that stays in use is measured.
    for (let done = 0; done < count; done += 200) {
      let next = 0
      await Promise.all(
        Array.from({ length: 8 }, async () => {
          while (next < 200) await useClient(next++)
        }),
      )
      globalThis.gc()
      await sleep(1)
    }
  }
  await useClients(2000)
  const before = memoryInUse()
  await useClients(8000)
  const after = memoryInUse()
  const [grown, heapGrown] = [after.others - before.others, after.heap - before.heap]
  t.diagnostic(
    `after 2,000 clients ${before.others.toFixed(1)} MB in addition to the heap, after 10,000 ${grown.toFixed(1)} MB more`,
  )
  // A leak of 500 bytes per client would amount to 4 MB.
  assert.ok(grown < 4 && heapGrown < 1, `${grown} MB, heap ${heapGrown} MB`)
})
