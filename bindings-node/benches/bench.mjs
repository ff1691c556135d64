/**
 * Compares this package with socket.io-client in events per second, CPU time per event and event-loop delay. A sender
 * in a separate process sends events as fast as the reader requests them. The readers in readers.mjs are measured in
 * turn, each time in a new process. The results are medians and ranges over all rounds.
 *
 *     NODE_MODULES=…/with/socket.io-client node benches/bench.mjs [--rounds 7] [--events 200000]
 *
 * `cargo xtask bench node` installs the requirements and runs this benchmark.
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
    reader: { type: 'string' },
    url: { type: 'string' },
  },
})
const EVENT_SERVER = join(import.meta.dirname, 'event-server.mjs')

/** Meter for wall-clock time, CPU time and event-loop delay, from joining the project to the last event. */
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
    const microsPerEvent = (name) => ((ended[name] - began[name]) / this.events) * 1e6
    const figures = {
      rate: 1e6 / microsPerEvent('wall'),
      mainThreadCpu: microsPerEvent('mainThreadCpu'),
      processCpu: microsPerEvent('processCpu'),
      delay: this.#delay.percentile(99) / 1e6,
    }
    process.stdout.write(`${JSON.stringify(figures)}\n`)
  }

  /** Returns the wall-clock time, the main thread's CPU time and the process's CPU time, in seconds. */
  static #now() {
    const { user, system } = process.cpuUsage()
    const mainThreadCpu = Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e9
    return { wall: performance.now() / 1e3, mainThreadCpu, processCpu: (user + system) / 1e6 }
  }
}

async function measureAll() {
  const eventServer = spawn(process.execPath, [EVENT_SERVER], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [port] = await once(createInterface(eventServer.stdout), 'line')
    const results = Object.fromEntries(Object.keys(READERS).map((name) => [name, []]))
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const name of Object.keys(READERS)) {
        const args = [
          import.meta.filename,
          '--reader',
          name,
          '--url',
          `http://127.0.0.1:${port}`,
          '--events',
          values.events,
        ]
        const { stdout } = await promisify(execFile)(process.execPath, args)
        results[name].push(JSON.parse(stdout))
      }
    }
    printTable(results)
  } finally {
    eventServer.kill()
  }
}

function printTable(results) {
  console.log(
    `Node ${process.version}, ${values.rounds} rounds of ${values.events} events, interleaved: median [range].\n`,
  )
  console.log('| reader | events/s | main thread, CPU µs per event | all threads | event-loop delay p99, ms |')
  console.log('|---|--:|--:|--:|--:|')
  for (const [name, rounds] of Object.entries(results)) {
    const formatColumn = (key, digits, scale = 1, unit = '') => {
      const sorted = rounds.map((round) => round[key] / scale).sort((a, b) => a - b)
      const format = (value) => value.toFixed(digits)
      return `${format(sorted[sorted.length >> 1])}${unit} [${format(sorted[0])}–${format(sorted.at(-1))}]`
    }
    console.log(
      `| ${name} | ${formatColumn('rate', 0, 1e3, 'k')} | ${formatColumn('mainThreadCpu', 2)} | ${formatColumn('processCpu', 2)} | ${formatColumn('delay', 1)} |`,
    )
    appendResult(name, rounds)
  }
}

/** Appends the medians to the file from which `make bench` prints a table. Does nothing if no file is given. */
function appendResult(name, rounds) {
  if (process.env.BENCH_RESULTS === undefined) return
  const median = (key) => rounds.map((round) => round[key]).sort((a, b) => a - b)[rounds.length >> 1]
  const figures = { per_second: median('rate'), cpu_micros: median('processCpu') }
  const row = { part: 'Node', name, of: 'socket.io-client', ...figures }
  appendFileSync(process.env.BENCH_RESULTS, `${JSON.stringify(row)}\n`)
}

if (values.reader === undefined) await measureAll()
else await READERS[values.reader](values.url, new Meter())
