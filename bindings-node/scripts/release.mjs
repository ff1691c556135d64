// Packs the packages to publish into release/: the package itself, without a native module, and one package for each
// platform whose addon is in native/ (or in the given folder). The latter are optional dependencies of the former.
//
// node scripts/release.mjs [FOLDER WITH *.node]

import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'

const here = join(import.meta.dirname, '..')
const release = join(here, 'release')
const addons = process.argv[2] ?? join(here, 'native')
/** npm packs files with names other than LICENSE only if they are listed. */
const LICENSES = ['LICENSE-MIT', 'LICENSE-APACHE']
const manifest = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'))

function run(command, ...args) {
  const done = spawnSync(command, args, { cwd: here, stdio: ['ignore', 'ignore', 'inherit'] })
  if (done.status !== 0) throw new Error(`${command} ${args.join(' ')} failed`)
}

/** The path of @napi-rs/cli; `npx` would ask the registry if it were missing. */
const napi = (...args) => run(process.execPath, join(here, 'node_modules/@napi-rs/cli/dist/cli.js'), ...args)

rmSync(release, { recursive: true, force: true })
const [main, platforms] = [join(release, 'main'), join(release, 'npm')]
for (const name of ['dist', 'native', 'README.md']) {
  cpSync(join(here, name), join(main, name), { recursive: true, filter: (path) => !path.endsWith('.node') })
}

// One folder for each target, as @napi-rs/cli lays them out; folders with an addon are packed.
napi('create-npm-dirs', '--npm-dir', platforms)
const optionalDependencies = {}
const folders = [main]
for (const file of readdirSync(addons).filter((name) => name.endsWith('.node'))) {
  const folder = join(platforms, file.split('.').at(-2))
  cpSync(join(addons, file), join(folder, file))
  const platform = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const files = [...platform.files, ...LICENSES]
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify({ ...platform, files }, null, 2)}\n`)
  optionalDependencies[platform.name] = platform.version
  folders.push(folder)
}
const { devDependencies: _, scripts: __, napi: ___, ...published } = manifest
writeFileSync(join(main, 'package.json'), `${JSON.stringify({ ...published, optionalDependencies }, null, 2)}\n`)
mkdirSync(join(release, 'tarballs'))
for (const folder of folders) {
  for (const name of LICENSES) cpSync(join(here, '..', name), join(folder, name))
  // Built on Windows or by hand, an addon may have any mode.
  run('npm', 'pack', folder, '--pack-destination', join(release, 'tarballs'), '--loglevel=error')
}
for (const name of readdirSync(join(release, 'tarballs'))) console.log(join(basename(release), 'tarballs', name))
