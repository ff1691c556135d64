/** Installed in an empty folder, the package is imported and required by its name. */

import { test } from 'node:test'
import { consume, HERE, installed } from './support/packages.mjs'

test('it can be installed by its path', async (t) => {
  await consume(t, await installed(t, HERE))
})
