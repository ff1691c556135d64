/** Helpers that install the package as users do. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { makeTempFolder, startReference } from './servers.mjs'

export const PACKAGE_ROOT = join(import.meta.dirname, '../..')

export async function run(command, args, options) {
  try {
    return (await promisify(execFile)(command, args, { cwd: PACKAGE_ROOT, maxBuffer: 1 << 26, ...options })).stdout
  } catch (error) {
    throw new Error(`${command} ${args.join(' ')}\n${error.stdout}\n${error.stderr}`)
  }
}

/** Installs the package from tarballs or a path into an empty folder, and returns the folder. */
export async function installPackage(t, ...tarballs) {
  const cwd = makeTempFolder(t)
  writeFileSync(join(cwd, 'package.json'), '{"private": true}')
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', '--loglevel=error', ...tarballs], { cwd })
  return cwd
}

/** Checks that the installed package works, both with `import` and with `require`. */
export async function checkUsable(t, cwd) {
  const server = await startReference(t)
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
