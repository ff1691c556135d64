// Completes package-lock.json after `npm install --package-lock-only`. Removes the download URLs. Adds entries for the
// optional packages of other platforms, which npm omits if they are not in the registry.
//
// node scripts/lock.mjs

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const file = join(import.meta.dirname, '../package-lock.json')
const lock = JSON.parse(readFileSync(file, 'utf8'))

/** Returns the CPU, operating system and libc that the name of a platform package indicates. */
function parsePlatform(name) {
  const words = name.split(/[-/]/)
  const firstKnownWord = (...known) => words.filter((word) => known.includes(word)).slice(0, 1)
  const cpu = words.some((word) => word.startsWith('wasm32'))
    ? ['wasm32']
    : firstKnownWord('x64', 'arm64', 'arm', 'ia32', 'ppc64', 'riscv64', 's390x', 'loong64', 'universal')
  const os = firstKnownWord(
    'linux',
    'darwin',
    'win32',
    'android',
    'freebsd',
    'openbsd',
    'netbsd',
    'sunos',
    'aix',
    'openharmony',
    'wasi',
  )
  const libc = words.includes('musl') ? ['musl'] : words.includes('gnu') && os[0] === 'linux' ? ['glibc'] : []
  return Object.fromEntries(Object.entries({ cpu, os, libc }).filter(([, values]) => values.length > 0))
}

for (const entry of Object.values({ ...lock.packages })) {
  delete entry.resolved
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (Object.keys(lock.packages).some((path) => path.endsWith(`node_modules/${name}`))) continue
    if (!/^\d/.test(version)) continue
    lock.packages[`node_modules/${name}`] = { version, dev: true, optional: true, ...parsePlatform(name) }
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)))
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
