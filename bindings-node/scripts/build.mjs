// Builds the native module with cargo, writes its loader and type definitions, and compiles the TypeScript code.
//
// node scripts/build.mjs [--profile dev|release] [--glibc 2.17]
//
// `--glibc` links against an older glibc than this machine's, and requires cargo-zigbuild and ziglang, which pip can
// install. Without `--glibc`, this script reuses earlier cargo builds; `napi build` would build everything again,
// because it passes `--target` to cargo.
// To build for another target, run: npx napi build --release --platform --output-dir native --target …

import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { generateTypeDef, parseTriple, writeJsBinding } from '@napi-rs/cli'

const { values } = parseArgs({
  options: { profile: { type: 'string', default: 'release' }, glibc: { type: 'string' } },
})
const packageRoot = join(import.meta.dirname, '..')
const manifest = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'))
const native = join(packageRoot, 'native')

function run(command, args, options) {
  const done = spawnSync(command, args, {
    cwd: packageRoot,
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 1 << 28,
    ...options,
  })
  if (done.status !== 0) {
    process.stderr.write(done.stdout ?? '')
    throw new Error(`${command} failed`)
  }
  return done.stdout.toString()
}

mkdirSync(native, { recursive: true })
const types = mkdtempSync(join(tmpdir(), 'automoderate-types-'))
try {
  // Compiling the crate writes the type definitions, so recompile the crate if the definitions are missing.
  if (!existsSync(join(native, 'index.d.ts'))) utimesSync(join(packageRoot, 'src/lib.rs'), new Date(), new Date())
  const host = run('rustc', ['-vV']).match(/^host: (.+)$/m)[1]
  const cargoArgs = values.glibc ? ['zigbuild', '--target', `${host}.${values.glibc}`] : ['build']
  const args = [...cargoArgs, '--locked', '-p', 'automoderate-node', '--profile', values.profile]
  const messages = run(process.env.CARGO ?? 'cargo', [...args, '--message-format', 'json-render-diagnostics'], {
    env: { ...process.env, NAPI_TYPE_DEF_TMP_FOLDER: types, CARGO_PROFILE_RELEASE_STRIP: 'symbols' },
  })
  const artifact = messages
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
    .findLast((message) => message.reason === 'compiler-artifact' && message.target.kind.includes('cdylib'))
  const { platformArchABI } = parseTriple(host)
  const addon = join(native, `${manifest.napi.binaryName}.${platformArchABI}.node`)
  // Rename instead of overwriting, because a running process may have loaded the old module.
  copyFileSync(
    artifact.filenames.find((name) => /\.(so|dylib|dll)$/.test(name)),
    `${addon}.new`,
  )
  renameSync(`${addon}.new`, addon)

  const { dts, exports } = await generateTypeDef({ typeDefDir: types, cwd: packageRoot })
  if (exports.length > 0) {
    writeFileSync(join(native, 'index.d.ts'), dts)
    await writeJsBinding({
      platform: true,
      idents: exports,
      binaryName: manifest.napi.binaryName,
      packageName: manifest.name,
      version: manifest.version,
      outputDir: native,
      jsBinding: 'index.js',
    })
  }
} finally {
  rmSync(types, { recursive: true })
}

rmSync(join(packageRoot, 'dist'), { recursive: true, force: true })
const tsc = join(createRequire(import.meta.url).resolve('typescript/package.json'), '../bin/tsc')
run(process.execPath, [tsc, '-p', packageRoot])
