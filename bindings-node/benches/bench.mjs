/**
 * Typed events per second, CPU per event and event-loop delay, compared with socket.io-client. A sender in its own
 * process sends as fast as the reader asks; the readers take turns, each in a fresh process. Medians and ranges.
 *
 *     NODE_MODULES=…/with/socket.io-client node benches/bench.mjs [--rounds 7] [--events 200000]
 *
 * `cargo xtask bench node` sets it up.
 */

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { parseArgs, promisify } from 'node:util'
import { READERS } from './readers.mjs'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    events: { type: 'string', default: '204800' },
    one: { type: 'string' },
    url: { type: 'string' },
  },
})
const BLASTER = join(import.meta.dirname, 'blaster.mjs')

/** The time from the request to the last event. */
class Meter {
  events = Number(values.events)
  #delay = monitorEventLoopDelay({ resolution: 1 })

  start() {
    globalThis.gc?.()
    this.#delay.enable()
    this.#began = Meter.#now()
  }

  #began

  stop() {
    const [began, ended] = [this.#began, Meter.#now()]
    this.#delay.disable()
    const per = (name) => ((ended[name] - began[name]) / this.events) * 1e6
    const figures = {
      rate: 1e6 / per('wall'),
      main: per('main'),
      all: per('all'),
      delay: this.#delay.percentile(99) / 1e6,
    }
    process.stdout.write(`${JSON.stringify(figures)}\n`)
  }

  /** In seconds: wall-clock time, and CPU time of this thread and of the whole process. */
  static #now() {
    const { user, system } = process.cpuUsage()
    const main = Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e9
    return { wall: performance.now() / 1e3, main, all: (user + system) / 1e6 }
  }
}

async function compare() {
  const blaster = spawn(process.execPath, [BLASTER], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [port] = await once(createInterface(blaster.stdout), 'line')
    const found = Object.fromEntries(Object.keys(READERS).map((name) => [name, []]))
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const name of Object.keys(READERS)) {
        const args = [
          import.meta.filename,
          '--one',
          name,
          '--url',
          `http://127.0.0.1:${port}`,
          '--events',
          values.events,
        ]
        const { stdout } = await promisify(execFile)(process.execPath, args)
        found[name].push(JSON.parse(stdout))
      }
    }
    show(found)
  } finally {
    blaster.kill()
  }
}

function show(found) {
  console.log(
    `Node ${process.version}, ${values.rounds} rounds of ${values.events} events, interleaved: median [range].\n`,
  )
  console.log('| reader | events/s | main thread, CPU µs per event | all threads | event-loop delay p99, ms |')
  console.log('|---|--:|--:|--:|--:|')
  for (const [name, rounds] of Object.entries(found)) {
    const column = (key, digits, scale = 1, unit = '') => {
      const sorted = rounds.map((round) => round[key] / scale).sort((a, b) => a - b)
      const text = (value) => value.toFixed(digits)
      return `${text(sorted[sorted.length >> 1])}${unit} [${text(sorted[0])}–${text(sorted.at(-1))}]`
    }
    console.log(
      `| ${name} | ${column('rate', 0, 1e3, 'k')} | ${column('main', 2)} | ${column('all', 2)} | ${column('delay', 1)} |`,
    )
    keep(name, rounds)
  }
}

/** For the table that `make bench` prints. */
function keep(name, rounds) {
  if (process.env.BENCH_RESULTS === undefined) return
  const median = (key) => rounds.map((round) => round[key]).sort((a, b) => a - b)[rounds.length >> 1]
  const figures = { per_second: median('rate'), cpu_micros: median('all') }
  const row = { part: 'Node', name, of: 'socket.io-client', ...figures }
  appendFileSync(process.env.BENCH_RESULTS, `${JSON.stringify(row)}\n`)
}

if (values.one === undefined) await compare()
else await READERS[values.one](values.url, new Meter())
