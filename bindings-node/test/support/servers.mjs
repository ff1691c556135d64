/** Servers for the tests: the reference server, and stand-ins for deployed and documented servers. */

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

export const ROOT = join(import.meta.dirname, '../../..')
const STANDINS = join(ROOT, 'core/tests/standins')
export const NO_LIMITS = ['--max-connections-per-ip', '0', '--max-events-per-minute', '0', '--max-rooms', '0']

/** Running server, with the values that it printed at startup. */
export class Server {
  constructor(process, ready) {
    this.process = process
    Object.assign(this, { baseUrl: ready.base_url, projectId: ready.project_id, apiKey: ready.api_key })
    Object.assign(this, { email: ready.email, password: ready.password })
    Object.assign(this, { adminUrl: ready.admin_url, otherProjectId: ready.other_project_id })
  }

  get options() {
    return { apiKey: this.apiKey }
  }

  /** Calls the control API of a stand-in. */
  admin(call, body = {}) {
    return this.#post(this.adminUrl + call, body)
  }

  /** Submits texts over REST, bypassing the client under test. Returns the item ids. */
  async submit(...texts) {
    const ids = []
    for (const content of texts) {
      ids.push((await this.#post(`${this.baseUrl}/api/moderate`, { type: 'text', content })).content_id)
    }
    return ids
  }

  async #post(url, body) {
    const headers = { 'content-type': 'application/json', 'x-api-key': this.apiKey ?? '' }
    const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`)
    return answer.json()
  }

  async stop(signal = 'SIGTERM') {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return
    const gone = once(this.process, 'exit')
    this.process.kill(signal)
    await gone
  }
}

/** Starts a program that prints one line of JSON when it is ready. The program is killed at the end of the test. */
export async function startProgram(t, ...command) {
  const [program, ...args] = command
  const process = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] })
  t.after(() => process.kill('SIGKILL'))
  const lines = createInterface(process.stdout)
  const failed = once(process, 'exit').then(([code]) =>
    Promise.reject(new Error(`${command} exited with status ${code}`)),
  )
  failed.catch(() => {})
  const [line] = await Promise.race([once(lines, 'line'), failed])
  return new Server(process, JSON.parse(line))
}

/** Creates a temporary folder, which is removed at the end of the test. */
export function makeTempFolder(t) {
  const path = mkdtempSync(join(tmpdir(), 'automoderate-node-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

const BINARY =
  process.env.AUTOMODERATE_SERVER ??
  join(process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target'), 'debug/automoderate-server')

/** Starts a reference server, by default without limits on connections, events and rooms. */
export function startReference(t, { flags = NO_LIMITS, listen = '127.0.0.1:0', database } = {}) {
  const file = database ?? join(makeTempFolder(t), 'server.db')
  return startProgram(t, BINARY, 'serve', '--demo', '--listen', listen, '--database', `sqlite://${file}`, ...flags)
}

let python
function standInInterpreter() {
  python ??= process.env.PYTHON_NEW
  python ??= execFileSync(join(STANDINS, 'setup.sh'), { encoding: 'utf8' }).match(/^PYTHON_NEW=(.*)$/m)[1]
  return python
}

/** Starts a stand-in for documented servers, on asyncio and without an event log. */
export function startDocumented(t, ...flags) {
  return startProgram(t, standInInterpreter(), join(STANDINS, 'asgi_server.py'), '--max-connections', '0', ...flags)
}

/** Starts a stand-in for deployed servers: only web sessions authenticate connections, and there is no event log. */
export function startDeployed(t, ...flags) {
  return startProgram(t, standInInterpreter(), join(STANDINS, 'flask_server.py'), '--rate-limit', '0', ...flags)
}

/** Starts the server that sends the packets of the golden files. */
export function startGolden(t) {
  return startProgram(t, standInInterpreter(), join(ROOT, 'core/tests/golden/server.py'))
}

/** Polls a condition until it holds. Throws after `ms` milliseconds. */
export async function waitUntil(check, what = 'the condition', ms = 15_000) {
  const deadline = Date.now() + ms
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`timed out waiting for ${what}`)
    await sleep(10)
  }
}
