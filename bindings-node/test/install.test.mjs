/** The package can be installed by its path. */

import { test } from 'node:test'
import { checkUsable, installPackage, PACKAGE_ROOT } from './support/packages.mjs'

test('the package works when installed by its path', async (t) => {
  await checkUsable(t, await installPackage(t, PACKAGE_ROOT))
})
