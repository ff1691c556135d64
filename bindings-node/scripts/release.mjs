// Creates and packs, in release/, the packages to publish: the main package, without a native module, and one platform
// package for each addon in native/ or in the given folder. The main package lists the platform packages as optional
// dependencies.
//
// node scripts/release.mjs [FOLDER WITH *.node]

import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'

const packageRoot = join(import.meta.dirname, '..')
const release = join(packageRoot, 'release')
const addons = process.argv[2] ?? join(packageRoot, 'native')
/** License files. npm includes license files that are not named LICENSE only if the manifest lists them. */
const LICENSES = ['LICENSE-MIT', 'LICENSE-APACHE']
const manifest = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'))

function run(command, ...args) {
  const done = spawnSync(command, args, { cwd: packageRoot, stdio: ['ignore', 'ignore', 'inherit'] })
  if (done.status !== 0) throw new Error(`${command} ${args.join(' ')} failed`)
}

/** Runs the installed @napi-rs/cli. If the package were missing, `npx` would query the registry. */
const runNapi = (...args) => run(process.execPath, join(packageRoot, 'node_modules/@napi-rs/cli/dist/cli.js'), ...args)

rmSync(release, { recursive: true, force: true })
const [main, platforms] = [join(release, 'main'), join(release, 'npm')]
for (const name of ['dist', 'native', 'README.md']) {
  cpSync(join(packageRoot, name), join(main, name), { recursive: true, filter: (path) => !path.endsWith('.node') })
}

// @napi-rs/cli creates a folder for each target. Only folders with an addon are packed.
runNapi('create-npm-dirs', '--npm-dir', platforms)
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
  for (const name of LICENSES) cpSync(join(packageRoot, '..', name), join(folder, name))
  // `npm pack` normalizes file modes, which may be wrong if an addon was built on Windows or by hand.
  run('npm', 'pack', folder, '--pack-destination', join(release, 'tarballs'), '--loglevel=error')
}
for (const name of readdirSync(join(release, 'tarballs'))) console.log(join(basename(release), 'tarballs', name))
