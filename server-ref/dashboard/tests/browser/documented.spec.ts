// The documentation's dashboard (tests/documented.html), as printed except for the script's address, and for
// `updateStatistics`, which it calls but does not define.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { Person } from '../support/person.ts'
import { Server } from '../support/server.ts'
import { expect, test } from '../support/test.ts'

const PRINTED = readFileSync(join(import.meta.dirname, '../documented.html'), 'utf8')
const HOST = 'localhost:6217'
const PROJECT = 'your-project-id'
const SCRIPT = 'https://cdn.socket.io/4.0.0/socket.io.min.js'
const OURS = `<script>function updateStatistics() { window.updates = (window.updates ?? 0) + 1 }</script>
    <script src="/client.js"></script>`
/** The printed version, and our own dashboard's. */
const CLIENTS = ['socket.io-client-as-documented', 'socket.io-client']

for (const client of CLIENTS) {
  test(`as printed, with ${client}`, async ({ playwright }, info) => {
    const script = createRequire(import.meta.url)
      .resolve(`${client}/package.json`)
      .replace('package.json', 'dist/socket.io.min.js')
    const server = await Server.start()
    // The page names a project that readers would replace by their own; here it exists.
    await server.stop('SIGTERM')
    const rows = `INSERT INTO projects (id, name, created_at) VALUES ('${PROJECT}', 'Printed', 0);
      INSERT INTO members (project_id, user_id, role) SELECT '${PROJECT}', id, 'owner' FROM users;`
    execFileSync('sqlite3', [server.database, rows])
    await server.run()
    const owner = await Person.demo(server)
    await owner.addRule(PROJECT, 'spam', 'reject')
    // And the address that it names is the server's.
    const options = info.project.use.launchOptions ?? {}
    const rule = `--host-resolver-rules=MAP ${HOST} ${new URL(server.url).host}`
    const browser = await playwright.chromium.launch({ ...options, args: [...(options.args ?? []), rule] })
    try {
      const page = await browser.newPage()
      const complaints: string[] = []
      page.on('pageerror', (error) => complaints.push(`${error}`))
      const html = PRINTED.replace(`<script src="${SCRIPT}"></script>`, OURS)
      expect(html).not.toContain(SCRIPT)
      await page.route('**/printed.html', (route) => route.fulfill({ body: html, contentType: 'text/html' }))
      await page.route('**/client.js', (route) => route.fulfill({ path: script }))

      await page.goto(`http://${HOST}/auth/login`)
      await page.getByLabel('Email').fill(owner.email)
      await page.getByLabel('Password').fill(owner.password)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.waitForURL(`http://${HOST}/dashboard/**`)
      await page.goto(`http://${HOST}/printed.html`)

      // It does not show when it has joined.
      const activity = page.locator('#recent-activity > .activity-item')
      let asked = 0
      await expect(async () => {
        await owner.moderate(PROJECT, 'anybody there?')
        asked += 1
        await expect(activity).not.toHaveCount(0, { timeout: 1000 })
      }).toPass()
      await owner.moderate(PROJECT, 'spam')
      await expect(activity.first()).toContainText('spam')
      await expect(activity.first()).toHaveClass('activity-item rejected')
      await expect(activity.first().locator('.content')).toHaveText('spam')
      await expect(activity.first().locator('.status')).toHaveText('rejected')
      await expect(activity.first().locator('.rule')).toHaveText('No spam')
      await expect(activity.first().locator('.time')).toHaveText(/^\d+:\d\d:\d\d/)
      await expect(activity.last().locator('.rule')).toHaveCount(0)
      for (const [id, count] of Object.entries({ total: asked + 1, approved: asked, rejected: 1, flagged: 0 })) {
        await expect(page.locator(`#${id}-content`)).toHaveText(`${count}`)
      }
      expect(await page.evaluate('window.updates')).toBe(await activity.count())

      for (let count = 0; count < 12; count += 1) await owner.moderate(PROJECT, `text ${count}`)
      await expect(activity.first()).toContainText('text 11')
      await expect(activity).toHaveCount(10)

      const notice = { type: 'warning', message: 'High volume', project_id: PROJECT }
      await owner.call('POST', '/api/notifications', notice)
      const shown = page.locator('#notifications > .notification.warning')
      await expect(shown).toHaveText('High volume')
      // The page removes it after 5 s.
      await expect(shown).toHaveCount(0)
      expect(complaints).toEqual([])
    } finally {
      await browser.close()
      await server.close()
    }
  })
}
