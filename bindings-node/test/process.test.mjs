/** The process: its end, what keeps it running, worker threads, both module systems. */

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
import * as reading from './support/reading.mjs'
import { eventually, folder, reference } from './support/servers.mjs'

const FACE = new URL('../dist/index.mjs', import.meta.url)
const OPEN = `
import { Client } from ${JSON.stringify(FACE)}
const [url, apiKey, project] = process.argv.slice(2)
`

/** A program in its own process. */
function program(t, server, code) {
  const file = join(folder(t), 'program.mjs')
  writeFileSync(file, OPEN + code)
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

/** The program's end, which must come soon. */
async function end(child) {
  const late = sleep(20_000, undefined, { ref: false }).then(() => child.kill('SIGKILL'))
  const [code, signal] = await Promise.race([once(child, 'exit'), late.then(() => once(child, 'exit'))])
  return { code, signal, output: child.output }
}

const CLEAN = { code: 0, signal: null, output: '' }
const JOINED = 'const client = await Client.connect(url, { apiKey })\nconst joined = await client.join(project)\n'

for (const [how, code] of Object.entries({
  'a client that nobody waits for': JOINED,
  'a stream with events that nobody reads': `${JOINED}globalThis.kept = joined.events(); await client.moderate('x')`,
  'a listener of states': `${JOINED}client.on('state', () => {})`,
  'a stream that was read, with the loop left': `${JOINED}
    const stream = joined.events(); await client.moderate('x'); for await (const _ of stream) break`,
  'an aborted wait': `${JOINED}
    await joined.events({ signal: AbortSignal.timeout(50) }).next().catch(() => {})`,
  'listeners that were taken away': `${JOINED}
    const hear = () => client.off('event', hear); client.on('event', hear); await client.moderate('x')`,
  'waiting and listening with `ref: false`': `
    const client = await Client.connect(url, { apiKey, ref: false }); const joined = await client.join(project)
    client.on('event', () => {}); joined.events().next()`,
  'waiting and listening after `unref`': `${JOINED}
    client.on('event', () => {}); joined.events().next(); setTimeout(() => client.unref(), 20)`,
  'a client that was never connected': 'new Client(url, { apiKey })',
  'a provider that waits': `
    const client = await Client.connect(url, { credentials: () => apiKey }); await client.join(project)`,
  'process.exit in the midst of everything': `${JOINED}
    client.on('event', () => {}); joined.events().next()
    for (let n = 0; n < 50; n++) client.moderate('x').catch(() => {})
    setTimeout(() => process.exit(0), 10)`,
})) {
  test(`a process ends without close: ${how}`, async (t) => {
    assert.deepEqual(await end(program(t, await reference(t), code)), CLEAN)
  })
}

// Only the case under test can keep the event loop running until this has been called this often.
const TURNS = `
let turns = 0
setInterval(() => ++turns === 10 && console.log('still here'), 1).unref()
`
for (const [how, code] of Object.entries({
  'a stream that is waited for': `${JOINED}${TURNS}for await (const event of joined.events('moderation_update')) {
    console.log(event.content_preview); break }`,
  'a listener of events': `${JOINED}${TURNS}
    const hear = (event) => { console.log(event.content_preview); client.off('moderation_update', hear) }
    client.on('moderation_update', hear)`,
  'what `ref` makes wait again': `
    const client = await Client.connect(url, { apiKey, ref: false }); const joined = await client.join(project)${TURNS}
    client.once('moderation_update', (event) => console.log(event.content_preview)); client.ref()`,
})) {
  test(`a process keeps running for ${how}`, async (t) => {
    const server = await reference(t)
    const child = program(t, server, code)
    await eventually(() => child.output.includes('still here'), 'the program')
    await server.submit('at last')
    assert.deepEqual(await end(child), { code: 0, signal: null, output: 'still here\nat last\n' })
  })
}

test('Ctrl-C ends a process that waits', async (t) => {
  const child = program(
    t,
    await reference(t),
    `${JOINED}console.log('ready'); for await (const _ of joined.events('gap'));`,
  )
  await eventually(() => child.output.includes('ready'), 'the program')
  child.kill('SIGINT')
  assert.equal((await end(child)).signal, 'SIGINT')
})

test('an error that ends a loop ends the program as any error does', async (t) => {
  const server = await reference(t)
  const code = `const client = await Client.connect(url, { apiKey, reconnect: false })
    const joined = await client.join(project); console.log('ready'); for await (const _ of joined.events('gap'));`
  const child = program(t, server, code)
  await eventually(() => child.output.includes('ready'), 'the program')
  await server.stop('SIGKILL')
  const { code: status, output } = await end(child)
  assert.equal(status, 1)
  assert.match(output, /code: 'disconnected'/)
})

test('an end that nobody hears is a warning', async (t) => {
  const server = await reference(t)
  // It ends by itself once everything is done: later output would be lost.
  const code = `
    process.removeAllListeners('warning')
    process.on('warning', (warning) => console.log('warning:', warning.code))
    const options = { apiKey, reconnect: false }
    const deaf = await Client.connect(url, options)
    deaf.on('moderation_update', () => {})
    const hearing = await Client.connect(url, options)
    hearing.on('moderation_update', () => {}).on('state', (state, { cause }) => console.log(state, cause.code))
    console.log('ready')`
  const child = program(t, server, code)
  await eventually(() => child.output.includes('ready'), 'the program')
  await server.stop('SIGKILL')
  const { code: status, output } = await end(child)
  assert.deepEqual(
    [status, output.trim().split('\n').toSorted()],
    [0, ['closed disconnected', 'ready', 'warning: disconnected']],
  )
})

test('worker threads have clients of their own, and may be ended at any time', async (t) => {
  const server = await reference(t)
  const file = join(folder(t), 'worker.mjs')
  writeFileSync(
    file,
    `import { parentPort, workerData } from 'node:worker_threads'
    import { Client } from ${JSON.stringify(FACE)}
    const [url, apiKey, project, many] = workerData
    const client = await Client.connect(url, { apiKey })
    const stream = (await client.join(project)).events('moderation_update')
    parentPort.postMessage('ready')
    const ids = []
    for await (const event of stream) { if (ids.push(event.content_id) === many) break }
    parentPort.postMessage(ids)
    await client.close()`,
  )
  const start = (many) => new Worker(file, { workerData: [server.baseUrl, server.apiKey, server.projectId, many] })
  const workers = Array.from({ length: 4 }, () => start(20))
  await Promise.all(workers.map((worker) => once(worker, 'message')))
  const answers = workers.map((worker) => once(worker, 'message'))
  const exits = workers.map((worker) => once(worker, 'exit'))
  const { project } = await reading.join(t, server)
  const here = project.events('moderation_update')
  const wanted = await server.submit(...Array.from({ length: 20 }, (_, number) => `text ${number}`))
  for (const [ids] of await Promise.all(answers)) assert.deepEqual(ids, wanted)
  assert.deepEqual(await reading.ids(here, 20), wanted)
  for (const [code] of await Promise.all(exits)) assert.equal(code, 0)

  // Ended while they connect, wait or receive events.
  let flooding = true
  const flood = (async () => {
    while (flooding) await server.submit('flood')
  })()
  for (let round = 0; round < 12; round++) {
    const worker = start(1e9)
    if (round % 2 === 0) await once(worker, 'message')
    await sleep(round * 3)
    await worker.terminate()
  }
  flooding = false
  await flood
  const [after] = await server.submit('after')
  assert.ok((await reading.ids(here, 1)).length === 1 && after)
})

test('`import` and `require` give the same classes', () => {
  const cjs = createRequire(import.meta.url)('../dist/index.js')
  assert.deepEqual(Object.keys(cjs).toSorted(), Object.keys(esm).toSorted())
  assert.ok(cjs.Client === esm.Client && cjs.AutoModerateError === esm.AutoModerateError)
})
