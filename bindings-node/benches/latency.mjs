/**
 * Measures the latency from a submission to the event callback: `latency.mjs URL KEY PROJECT EVENTS`, run by
 * `cargo xtask bench latency`.
 *
 * Prints `ready` after the join. At the end, prints a JSON array that contains, for each event, the microseconds from
 * the timestamp in the item's text to the callback. Both times are readings of the system's monotonic clock.
 */

import { Client } from '../dist/index.mjs'

const [url, apiKey, project, events] = process.argv.slice(2)
const client = await Client.connect(url, { apiKey, eventBuffer: 1_000_000 })
const times = []
const done = new Promise((resolve) => {
  client.on('moderation_update', (event) => {
    times.push(Math.floor(Number(process.hrtime.bigint()) / 1000) - Number(event.content_preview.split(' ', 1)[0]))
    if (times.length === Number(events)) resolve()
  })
})
await client.join(project)
console.log('ready')
await done
await client.close()
console.log(JSON.stringify(times))
