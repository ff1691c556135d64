/** Process lifetime, worker threads and module systems. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import * as esm from '../dist/index.mjs'
import * as clients from './support/clients.mjs'
import { makeTempFolder, startReference, waitUntil } from './support/servers.mjs'

const MODULE_URL = new URL('../dist/index.mjs', import.meta.url)
const PREAMBLE = `
import { Client } from ${JSON.stringify(MODULE_URL)}
const [url, apiKey, project] = process.argv.slice(2)
`

/** Starts a program in a separate process, which is killed at the end of the test. */
function startProgram(t, server, code) {
  const file = join(makeTempFolder(t), 'program.mjs')
  writeFileSync(file, PREAMBLE + code)
  const child = spawn(process.execPath, [file, server.baseUrl, server.apiKey, server.projectId])
  t.after(() => child.kill('SIGKILL'))
  child.output = ''
  child.stdout.on('data', (data) => {
    child.output += data
  })
  child.stderr.on('data', (data) => {
    child.output += data
  })
  return child
}

/** Waits for a program to exit, and kills it if it is still running after 20 s. */
async function waitForExit(child) {
  const late = sleep(20_000, undefined, { ref: false }).then(() => child.kill('SIGKILL'))
  const [code, signal] = await Promise.race([once(child, 'exit'), late.then(() => once(child, 'exit'))])
  return { code, signal, output: child.output }
}

const CLEAN_EXIT = { code: 0, signal: null, output: '' }
const CONNECT_AND_JOIN =
  'const client = await Client.connect(url, { apiKey })\nconst joined = await client.join(project)\n'

for (const [how, code] of Object.entries({
  'an idle client': CONNECT_AND_JOIN,
  'a stream with unread events': `${CONNECT_AND_JOIN}globalThis.kept = joined.events(); await client.moderate('x')`,
  'a listener of states': `${CONNECT_AND_JOIN}client.on('state', () => {})`,
  'a stream whose loop was left': `${CONNECT_AND_JOIN}
    const stream = joined.events(); await client.moderate('x'); for await (const _ of stream) break`,
  'an aborted wait': `${CONNECT_AND_JOIN}
    await joined.events({ signal: AbortSignal.timeout(50) }).next().catch(() => {})`,
  'removed listeners': `${CONNECT_AND_JOIN}
    const listener = () => client.off('event', listener); client.on('event', listener); await client.moderate('x')`,
  'waiting and listening with `ref: false`': `
    const client = await Client.connect(url, { apiKey, ref: false }); const joined = await client.join(project)
    client.on('event', () => {}); joined.events().next()`,
  'waiting and listening after `unref`': `${CONNECT_AND_JOIN}
    client.on('event', () => {}); joined.events().next(); setTimeout(() => client.unref(), 20)`,
  'a client that was never connected': 'new Client(url, { apiKey })',
  'a credentials provider': `
    const client = await Client.connect(url, { credentials: () => apiKey }); await client.join(project)`,
  'process.exit during calls and reads': `${CONNECT_AND_JOIN}
    client.on('event', () => {}); joined.events().next()
    for (let n = 0; n < 50; n++) client.moderate('x').catch(() => {})
    setTimeout(() => process.exit(0), 10)`,
})) {
  test(`a process exits without close: ${how}`, async (t) => {
    assert.deepEqual(await waitForExit(startProgram(t, await startReference(t), code)), CLEAN_EXIT)
  })
}

// The timer does not keep the event loop running, so its output shows that the case under test does.
const REPORT_ALIVE = `
let turns = 0
setInterval(() => ++turns === 10 && console.log('still here'), 1).unref()
`
for (const [how, code] of Object.entries({
  'an awaited stream': `${CONNECT_AND_JOIN}${REPORT_ALIVE}for await (const event of joined.events('moderation_update')) {
    console.log(event.content_preview); break }`,
  'an event listener': `${CONNECT_AND_JOIN}${REPORT_ALIVE}
    const listener = (event) => { console.log(event.content_preview); client.off('moderation_update', listener) }
    client.on('moderation_update', listener)`,
  'a listener after `ref`': `
    const client = await Client.connect(url, { apiKey, ref: false }); const joined = await client.join(project)${REPORT_ALIVE}
    client.once('moderation_update', (event) => console.log(event.content_preview)); client.ref()`,
})) {
  test(`a process keeps running for ${how}`, async (t) => {
    const server = await startReference(t)
    const child = startProgram(t, server, code)
    await waitUntil(() => child.output.includes('still here'), 'the program')
    await server.submit('at last')
    assert.deepEqual(await waitForExit(child), { code: 0, signal: null, output: 'still here\nat last\n' })
  })
}

test('Ctrl-C ends a process that awaits a stream', async (t) => {
  const child = startProgram(
    t,
    await startReference(t),
    `${CONNECT_AND_JOIN}console.log('ready'); for await (const _ of joined.events('gap'));`,
  )
  await waitUntil(() => child.output.includes('ready'), 'the program')
  child.kill('SIGINT')
  assert.equal((await waitForExit(child)).signal, 'SIGINT')
})

test('an uncaught error of a loop ends the program', async (t) => {
  const server = await startReference(t)
  const code = `const client = await Client.connect(url, { apiKey, reconnect: false })
    const joined = await client.join(project); console.log('ready'); for await (const _ of joined.events('gap'));`
  const child = startProgram(t, server, code)
  await waitUntil(() => child.output.includes('ready'), 'the program')
  await server.stop('SIGKILL')
  const { code: status, output } = await waitForExit(child)
  assert.equal(status, 1)
  assert.match(output, /code: 'disconnected'/)
})

test('the end of a client without listeners for it becomes a warning', async (t) => {
  const server = await startReference(t)
  // The program must not call `process.exit`, which would discard later output.
  const code = `
    process.removeAllListeners('warning')
    process.on('warning', (warning) => console.log('warning:', warning.code))
    const options = { apiKey, reconnect: false }
    const unwatched = await Client.connect(url, options)
    unwatched.on('moderation_update', () => {})
    const watched = await Client.connect(url, options)
    watched.on('moderation_update', () => {}).on('state', (state, { cause }) => console.log(state, cause.code))
    console.log('ready')`
  const child = startProgram(t, server, code)
  await waitUntil(() => child.output.includes('ready'), 'the program')
  await server.stop('SIGKILL')
  const { code: status, output } = await waitForExit(child)
  assert.deepEqual(
    [status, output.trim().split('\n').toSorted()],
    [0, ['closed disconnected', 'ready', 'warning: disconnected']],
  )
})

test('worker threads have their own clients, and can be terminated at any time', async (t) => {
  const server = await startReference(t)
  const file = join(makeTempFolder(t), 'worker.mjs')
  writeFileSync(
    file,
    `import { parentPort, workerData } from 'node:worker_threads'
    import { Client } from ${JSON.stringify(MODULE_URL)}
    const [url, apiKey, project, count] = workerData
    const client = await Client.connect(url, { apiKey })
    const stream = (await client.join(project)).events('moderation_update')
    parentPort.postMessage('ready')
    const ids = []
    for await (const event of stream) { if (ids.push(event.content_id) === count) break }
    parentPort.postMessage(ids)
    await client.close()`,
  )
  const start = (count) => new Worker(file, { workerData: [server.baseUrl, server.apiKey, server.projectId, count] })
  const workers = Array.from({ length: 4 }, () => start(20))
  await Promise.all(workers.map((worker) => once(worker, 'message')))
  const answers = workers.map((worker) => once(worker, 'message'))
  const exits = workers.map((worker) => once(worker, 'exit'))
  const { project } = await clients.join(t, server)
  const here = project.events('moderation_update')
  const wanted = await server.submit(...Array.from({ length: 20 }, (_, number) => `text ${number}`))
  for (const [ids] of await Promise.all(answers)) assert.deepEqual(ids, wanted)
  assert.deepEqual(await clients.nextIds(here, 20), wanted)
  for (const [code] of await Promise.all(exits)) assert.equal(code, 0)

  // Terminate workers while they connect, wait or receive events.
  let isSubmitting = true
  const submissions = (async () => {
    while (isSubmitting) await server.submit('flood')
  })()
  for (let round = 0; round < 12; round++) {
    const worker = start(1e9)
    if (round % 2 === 0) await once(worker, 'message')
    await sleep(round * 3)
    await worker.terminate()
  }
  isSubmitting = false
  await submissions
  const [after] = await server.submit('after')
  assert.ok((await clients.nextIds(here, 1)).length === 1 && after)
})

test('`import` and `require` return the same classes', () => {
  const cjs = createRequire(import.meta.url)('../dist/index.js')
  assert.deepEqual(Object.keys(cjs).toSorted(), Object.keys(esm).toSorted())
  assert.ok(cjs.Client === esm.Client && cjs.AutoModerateError === esm.AutoModerateError)
})
