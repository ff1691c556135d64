// A server process with its own database.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const PROGRAM =
  process.env['AUTOMODERATE_SERVER'] ?? join(import.meta.dirname, '../../../../target/debug/automoderate-server')

/** The line that the server prints when it is ready. */
export interface ReadyMessage {
  base_url: string
  project_id: string
  api_key: string
  email: string
  password: string
}

export class Server {
  ready!: ReadyMessage
  #child: ChildProcess | undefined
  #listen = '127.0.0.1:0'

  private constructor(
    readonly folder: string,
    private readonly flags: readonly string[],
  ) {}

  static async start(...flags: string[]): Promise<Server> {
    const server = new Server(await mkdtemp(join(tmpdir(), 'dashboard-')), flags)
    await server.startProcess()
    return server
  }

  get url(): string {
    return this.ready.base_url
  }

  get databasePath(): string {
    return join(this.folder, 'test.db')
  }

  /** Starts the process. Later starts use the address of the first start. */
  async startProcess(): Promise<void> {
    const database = `sqlite://${this.databasePath}`
    const limits = ['--max-connections-per-ip', '0', '--max-events-per-minute', '0', '--max-failed-logins', '0']
    const flags = ['serve', '--demo', '--listen', this.#listen, '--database', database, ...limits, ...this.flags]
    const child = spawn(PROGRAM, flags, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, AUTOMODERATE_LOG: 'error' },
    })
    this.#child = child
    for await (const line of createInterface({ input: child.stdout })) {
      this.ready = JSON.parse(line)
      this.#listen = new URL(this.url).host
      return
    }
    throw new Error('the server did not start')
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (!child || child.exitCode !== null) return
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }

  async stopAndDelete(): Promise<void> {
    await this.stop('SIGKILL')
    await rm(this.folder, { recursive: true, force: true })
  }
}
