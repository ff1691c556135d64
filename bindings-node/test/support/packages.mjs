/** The package as users install it. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { folder, reference } from './servers.mjs'

export const HERE = join(import.meta.dirname, '../..')

export async function run(command, args, options) {
  try {
    return (await promisify(execFile)(command, args, { cwd: HERE, maxBuffer: 1 << 26, ...options })).stdout
  } catch (error) {
    throw new Error(`${command} ${args.join(' ')}\n${error.stdout}\n${error.stderr}`)
  }
}

/** An empty folder with the package installed from tarballs. */
export async function installed(t, ...tarballs) {
  const cwd = folder(t)
  writeFileSync(join(cwd, 'package.json'), '{"private": true}')
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', '--loglevel=error', ...tarballs], { cwd })
  return cwd
}

/** Imports it, requires it, and uses it both times. */
export async function consume(t, cwd) {
  const server = await reference(t)
  const body = `
    ;(async () => {
      const client = await Client.connect(${JSON.stringify(server.baseUrl)}, { apiKey: ${JSON.stringify(server.apiKey)} })
      const project = await client.join(${JSON.stringify(server.projectId)})
      const stream = project.events('moderation_update')
      await client.moderate('text')
      for await (const event of stream) { console.log(event.status); break }
      await client.close()
    })()`
  writeFileSync(join(cwd, 'esm.mjs'), `import { Client } from 'automoderate'${body}`)
  writeFileSync(join(cwd, 'cjs.cjs'), `const { Client } = require('automoderate')${body}`)
  for (const file of ['esm.mjs', 'cjs.cjs']) assert.equal(await run(process.execPath, [file], { cwd }), 'approved\n')
}
