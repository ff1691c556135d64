/** The package: its files, checks by packaging tools, and its use after installation. */

import assert from 'node:assert/strict'
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { checkUsable, installPackage, PACKAGE_ROOT, run } from './support/packages.mjs'
import { makeTempFolder } from './support/servers.mjs'

const BIN = join(PACKAGE_ROOT, 'node_modules/.bin')
const TARBALLS = join(PACKAGE_ROOT, 'release/tarballs')
const require = createRequire(import.meta.url)

const findTarball = (start) =>
  join(
    TARBALLS,
    readdirSync(TARBALLS).find((name) => name.startsWith(start)),
  )
const mainTarball = () => findTarball('automoderate-0')
const platformTarball = () => findTarball(`automoderate-${process.platform}-${process.arch}`)
const listFiles = async (file) =>
  (await run('tar', ['tzf', file]))
    .trim()
    .split('\n')
    .map((name) => name.replace('package/', ''))

before(() => run(process.execPath, ['scripts/release.mjs']), { timeout: 120_000 })

test('the main package contains exactly the expected files', async () => {
  const files = await listFiles(mainTarball())
  const other = files.filter((name) => !/^dist\/[a-z]+\.(js|mjs|d\.ts|d\.mts)$/.test(name))
  assert.deepEqual(other.toSorted(), [
    'LICENSE-APACHE',
    'LICENSE-MIT',
    'README.md',
    'native/index.d.ts',
    'native/index.js',
    'package.json',
  ])
  for (const name of ['index.js', 'index.mjs', 'index.d.ts', 'index.d.mts']) assert.ok(files.includes(`dist/${name}`))
  assert.ok(statSync(mainTarball()).size < 60_000, `${statSync(mainTarball()).size} bytes`)
  const manifest = JSON.parse(await run('tar', ['xzOf', mainTarball(), 'package/package.json']))
  assert.equal(manifest.dependencies, undefined)
  assert.equal(manifest.scripts, undefined)
  assert.equal(Object.values(manifest.optionalDependencies)[0], manifest.version)
})

test('a platform package contains the addon and the licenses', async () => {
  const files = await listFiles(platformTarball())
  assert.equal(files.filter((name) => name.endsWith('.node')).length, 1)
  assert.ok(files.includes('LICENSE-MIT') && files.includes('LICENSE-APACHE'), files.join())
  const manifest = JSON.parse(await run('tar', ['xzOf', platformTarball(), 'package/package.json']))
  assert.deepEqual([manifest.os, manifest.cpu], [[process.platform], [process.arch]])
})

test('publint and are-the-types-wrong report no problems', async () => {
  const { publint } = await import('publint')
  const { messages } = await publint({ pkgDir: join(PACKAGE_ROOT, 'release/main'), strict: true })
  assert.deepEqual(messages, [])
  await run(process.execPath, [
    require.resolve('@arethetypeswrong/cli/package.json').replace('package.json', 'dist/index.js'),
    mainTarball(),
  ])
})

test('the package works and has types when installed from its tarballs', async (t) => {
  const cwd = await installPackage(t, mainTarball(), platformTarball())
  assert.deepEqual(readdirSync(join(cwd, 'node_modules/automoderate/native')).toSorted(), ['index.d.ts', 'index.js'])
  await checkUsable(t, cwd)
  const code = `import { Client, type Event } from 'automoderate'
    export async function main(): Promise<void> {
      await using client = await Client.connect('http://localhost')
      for await (const event of client.events()) { const kept: Event = event; console.log(kept.event) }
    }`
  for (const name of ['typed.ts', 'typed.mts', 'typed.cts']) writeFileSync(join(cwd, name), code)
  const strict = [
    '--strict',
    '--noEmit',
    '--exactOptionalPropertyTypes',
    '--target',
    'es2022',
    '--skipLibCheck',
    'false',
  ]
  const tsc = [join(BIN, 'tsc'), ...strict, '--module', 'nodenext', 'typed.ts', 'typed.mts', 'typed.cts']
  // Compile first with browser types and without Node's types, and then with Node's types.
  await run(process.execPath, [...tsc, '--lib', 'es2022,esnext.disposable,dom', '--types', ''], { cwd })
  mkdirSync(join(cwd, 'node_modules/@types'), { recursive: true })
  for (const name of ['@types/node', 'undici-types']) {
    cpSync(join(PACKAGE_ROOT, 'node_modules', name), join(cwd, 'node_modules', name), { recursive: true })
  }
  await run(process.execPath, [...tsc, '--lib', 'es2022', '--types', 'node'], { cwd })
})

test('`npm pack` after a build creates a package that works by itself', async (t) => {
  const cwd = makeTempFolder(t)
  const name = (await run('npm', ['pack', PACKAGE_ROOT, '--pack-destination', cwd, '--loglevel=error'])).trim()
  const other = await installPackage(t, join(cwd, name))
  assert.ok(readFileSync(join(other, 'node_modules/automoderate/README.md'), 'utf8').length > 0)
  await checkUsable(t, other)
})
