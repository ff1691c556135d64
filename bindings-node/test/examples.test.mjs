/** The examples work as described. */

import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { makeTempFolder, startReference, waitUntil } from './support/servers.mjs'

const PACKAGE_ROOT = join(import.meta.dirname, '..')
const EXAMPLES = join(PACKAGE_ROOT, 'examples')

test('the script resumes where it stopped', async (t) => {
  const server = await startReference(t)
  const cwd = makeTempFolder(t)
  const run = async (count) => {
    const args = [join(EXAMPLES, 'script.mjs'), server.baseUrl, server.apiKey, server.projectId, String(count)]
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd, timeout: 30_000 })
    return stdout.split('\n').flatMap((line) => line.match(/^(\S+) is approved/)?.[1] ?? [])
  }
  writeFileSync(join(cwd, 'cursor.txt'), '0')
  const first = await server.submit('one', 'two')
  assert.deepEqual(await run(1), first.slice(0, 1))
  const second = await server.submit('three')
  assert.deepEqual(await run(2), [first[1], ...second])
  assert.match(readFileSync(join(cwd, 'cursor.txt'), 'utf8'), /:\d+$/)
})

test('the Express application relays decisions by Server-Sent Events', async (t) => {
  const server = await startReference(t)
  const env = {
    ...process.env,
    AUTOMODERATE_URL: server.baseUrl,
    AUTOMODERATE_API_KEY: server.apiKey,
    AUTOMODERATE_PROJECT: server.projectId,
  }
  const app = spawn(process.execPath, [join(EXAMPLES, 'express.mjs'), '0'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => app.kill('SIGKILL'))
  const [base] = await once(createInterface(app.stdout), 'line')
  const leaving = new AbortController()
  const browsers = await Promise.all([0, 1].map(() => fetch(`${base}/decisions`, { signal: leaving.signal })))
  assert.equal(browsers[0].headers.get('content-type'), 'text/event-stream')
  const body = JSON.stringify({ text: '<b>a fine day</b>' })
  const answer = await fetch(`${base}/comments`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })
  assert.equal((await answer.json()).status, 'approved')
  for (const browser of browsers) {
    const reader = browser.body.getReader()
    let text = ''
    while (!text.endsWith('\n\n')) text += Buffer.from((await reader.read()).value)
    assert.equal(text, 'event: approved\ndata: "&lt;b&gt;a fine day&lt;/b&gt;"\n\n')
  }
  leaving.abort()
  assert.deepEqual(await (await fetch(`${base}/health`)).json(), { connection: 'connected' })
  const gone = once(app, 'exit')
  app.kill('SIGTERM')
  assert.deepEqual(await gone, [0, null])
})

test('the service relays decisions, and resumes from its cursor after a restart', async (t) => {
  const server = await startReference(t)
  const out = join(makeTempFolder(t), 'out')
  const tsc = createRequire(import.meta.url)
    .resolve('typescript/package.json')
    .replace('package.json', 'bin/tsc')
  await promisify(execFile)(process.execPath, [tsc, '-p', EXAMPLES, '--outDir', out])
  // Run the service inside the package folder, so that it can import the package by name.
  const file = join(PACKAGE_ROOT, 'dist/moderation.service.example.cjs')
  t.after(() => rmSync(file))
  writeFileSync(file, readFileSync(join(out, 'moderation.service.js')))
  const { ModerationService } = createRequire(import.meta.url)(file)
  const seen = []
  let savedCursor = null
  const saveCursor = async (cursor) => {
    savedCursor = cursor
  }
  const config = {
    url: server.baseUrl,
    projectId: server.projectId,
    options: { apiKey: server.apiKey },
    cursor: { load: async () => savedCursor, save: saveCursor },
  }
  const subject = { next: (event) => seen.push(event.content_id) }
  const service = new ModerationService(config, subject)
  await assert.rejects(service.moderate('too early', 'u'))
  await service.onModuleInit()
  const { content_id: first } = await service.moderate('text', 'u')
  await waitUntil(() => seen.length === 1 && savedCursor !== null, 'the decision')
  await service.onApplicationShutdown()
  const missed = await server.submit('while it was down')
  const next = new ModerationService(config, subject)
  await next.onModuleInit()
  await waitUntil(() => seen.length === 2, 'the missed decision')
  await next.onApplicationShutdown()
  assert.deepEqual(seen, [first, ...missed])
})
