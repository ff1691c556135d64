// Completes package-lock.json after `npm install --package-lock-only`: no download addresses, and an entry for each
// optional package of another platform, which npm leaves out if the registry in use does not carry it.
//
// node scripts/lock.mjs

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const file = join(import.meta.dirname, '../package-lock.json')
const lock = JSON.parse(readFileSync(file, 'utf8'))

/** The platform in a platform package's name. */
function platform(name) {
  const words = name.split(/[-/]/)
  const one = (...known) => words.filter((word) => known.includes(word)).slice(0, 1)
  const cpu = words.some((word) => word.startsWith('wasm32'))
    ? ['wasm32']
    : one('x64', 'arm64', 'arm', 'ia32', 'ppc64', 'riscv64', 's390x', 'loong64', 'universal')
  const os = one(
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
    lock.packages[`node_modules/${name}`] = { version, dev: true, optional: true, ...platform(name) }
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)))
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
