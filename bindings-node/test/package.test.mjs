/** The package: its files, the verdict of packaging tools, and its use after installation. */

import assert from 'node:assert/strict'
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { consume, HERE, installed, run } from './support/packages.mjs'
import { folder } from './support/servers.mjs'

const BIN = join(HERE, 'node_modules/.bin')
const TARBALLS = join(HERE, 'release/tarballs')
const require = createRequire(import.meta.url)

const find = (start) =>
  join(
    TARBALLS,
    readdirSync(TARBALLS).find((name) => name.startsWith(start)),
  )
const main = () => find('automoderate-0')
const platform = () => find(`automoderate-${process.platform}-${process.arch}`)
const contents = async (file) =>
  (await run('tar', ['tzf', file]))
    .trim()
    .split('\n')
    .map((name) => name.replace('package/', ''))

before(() => run(process.execPath, ['scripts/release.mjs']), { timeout: 120_000 })

test('the package has what it needs and nothing else', async () => {
  const files = await contents(main())
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
  assert.ok(statSync(main()).size < 60_000, `${statSync(main()).size} bytes`)
  const manifest = JSON.parse(await run('tar', ['xzOf', main(), 'package/package.json']))
  assert.equal(manifest.dependencies, undefined)
  assert.equal(manifest.scripts, undefined)
  assert.equal(Object.values(manifest.optionalDependencies)[0], manifest.version)
})

test('a platform package has the addon and the licences', async () => {
  const files = await contents(platform())
  assert.equal(files.filter((name) => name.endsWith('.node')).length, 1)
  assert.ok(files.includes('LICENSE-MIT') && files.includes('LICENSE-APACHE'), files.join())
  const manifest = JSON.parse(await run('tar', ['xzOf', platform(), 'package/package.json']))
  assert.deepEqual([manifest.os, manifest.cpu], [[process.platform], [process.arch]])
})

test('publint and are-the-types-wrong find no fault', async () => {
  const { publint } = await import('publint')
  const { messages } = await publint({ pkgDir: join(HERE, 'release/main'), strict: true })
  assert.deepEqual(messages, [])
  await run(process.execPath, [
    require.resolve('@arethetypeswrong/cli/package.json').replace('package.json', 'dist/index.js'),
    main(),
  ])
})

test('installed from its tarballs it is imported, required and typed', async (t) => {
  const cwd = await installed(t, main(), platform())
  assert.deepEqual(readdirSync(join(cwd, 'node_modules/automoderate/native')).toSorted(), ['index.d.ts', 'index.js'])
  await consume(t, cwd)
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
  // With Node's types, and without them in a project that has the browser's.
  await run(process.execPath, [...tsc, '--lib', 'es2022,esnext.disposable,dom', '--types', ''], { cwd })
  mkdirSync(join(cwd, 'node_modules/@types'), { recursive: true })
  for (const name of ['@types/node', 'undici-types']) {
    cpSync(join(HERE, 'node_modules', name), join(cwd, 'node_modules', name), { recursive: true })
  }
  await run(process.execPath, [...tsc, '--lib', 'es2022', '--types', 'node'], { cwd })
})

test('`npm pack` after a build gives a package that works alone', async (t) => {
  const cwd = folder(t)
  const name = (await run('npm', ['pack', HERE, '--pack-destination', cwd, '--loglevel=error'])).trim()
  const other = await installed(t, join(cwd, name))
  assert.ok(readFileSync(join(other, 'node_modules/automoderate/README.md'), 'utf8').length > 0)
  await consume(t, other)
})
