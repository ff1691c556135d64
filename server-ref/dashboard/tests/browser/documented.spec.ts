// The dashboard printed in the AutoModerate documentation (`tests/documented.html`) works unchanged, except that the
// test replaces the script's address and adds `updateStatistics`, which the dashboard calls but does not define.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { ApiUser } from '../support/api_user.ts'
import { Server } from '../support/server.ts'
import { expect, test } from '../support/test.ts'

const PRINTED_PAGE = readFileSync(join(import.meta.dirname, '../documented.html'), 'utf8')
const PRINTED_HOST = 'localhost:6217'
const PRINTED_PROJECT = 'your-project-id'
const PRINTED_SCRIPT = 'https://cdn.socket.io/4.0.0/socket.io.min.js'
const REPLACEMENT_SCRIPTS = `<script>function updateStatistics() { window.updates = (window.updates ?? 0) + 1 }</script>
    <script src="/client.js"></script>`
/**
 * npm packages of `socket.io-client`: the version that the printed page loads, and the version that this dashboard
 * uses.
 */
const CLIENTS = ['socket.io-client-as-documented', 'socket.io-client']

for (const client of CLIENTS) {
  test(`the printed dashboard works with ${client}`, async ({ playwright }, info) => {
    const script = createRequire(import.meta.url)
      .resolve(`${client}/package.json`)
      .replace('package.json', 'dist/socket.io.min.js')
    const server = await Server.start()
    // The page names a placeholder project, so the test creates a project with that id.
    await server.stop('SIGTERM')
    const rows = `INSERT INTO projects (id, name, created_at) VALUES ('${PRINTED_PROJECT}', 'Printed', 0);
      INSERT INTO members (project_id, user_id, role) SELECT '${PRINTED_PROJECT}', id, 'owner' FROM users;`
    execFileSync('sqlite3', [server.databasePath, rows])
    await server.startProcess()
    const owner = await ApiUser.signInAsDemoUser(server)
    await owner.addRule(PRINTED_PROJECT, 'spam', 'reject')
    // The browser maps the printed address to the test's server.
    const options = info.project.use.launchOptions ?? {}
    const rule = `--host-resolver-rules=MAP ${PRINTED_HOST} ${new URL(server.url).host}`
    const browser = await playwright.chromium.launch({ ...options, args: [...(options.args ?? []), rule] })
    try {
      const page = await browser.newPage()
      const problems: string[] = []
      page.on('pageerror', (error) => problems.push(`${error}`))
      const html = PRINTED_PAGE.replace(`<script src="${PRINTED_SCRIPT}"></script>`, REPLACEMENT_SCRIPTS)
      expect(html).not.toContain(PRINTED_SCRIPT)
      await page.route('**/printed.html', (route) => route.fulfill({ body: html, contentType: 'text/html' }))
      await page.route('**/client.js', (route) => route.fulfill({ path: script }))

      await page.goto(`http://${PRINTED_HOST}/auth/login`)
      await page.getByLabel('Email').fill(owner.email)
      await page.getByLabel('Password').fill(owner.password)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.waitForURL(`http://${PRINTED_HOST}/dashboard/**`)
      await page.goto(`http://${PRINTED_HOST}/printed.html`)

      // The page does not show whether it has joined, so the test submits items until one appears.
      const activity = page.locator('#recent-activity > .activity-item')
      let submitted = 0
      await expect(async () => {
        await owner.moderate(PRINTED_PROJECT, 'anybody there?')
        submitted += 1
        await expect(activity).not.toHaveCount(0, { timeout: 1000 })
      }).toPass()
      await owner.moderate(PRINTED_PROJECT, 'spam')
      await expect(activity.first()).toContainText('spam')
      await expect(activity.first()).toHaveClass('activity-item rejected')
      await expect(activity.first().locator('.content')).toHaveText('spam')
      await expect(activity.first().locator('.status')).toHaveText('rejected')
      await expect(activity.first().locator('.rule')).toHaveText('No spam')
      await expect(activity.first().locator('.time')).toHaveText(/^\d+:\d\d:\d\d/)
      await expect(activity.last().locator('.rule')).toHaveCount(0)
      for (const [id, count] of Object.entries({
        total: submitted + 1,
        approved: submitted,
        rejected: 1,
        flagged: 0,
      })) {
        await expect(page.locator(`#${id}-content`)).toHaveText(`${count}`)
      }
      expect(await page.evaluate('window.updates')).toBe(await activity.count())

      for (let count = 0; count < 12; count += 1) await owner.moderate(PRINTED_PROJECT, `text ${count}`)
      await expect(activity.first()).toContainText('text 11')
      await expect(activity).toHaveCount(10)

      const notice = { type: 'warning', message: 'High volume', project_id: PRINTED_PROJECT }
      await owner.call('POST', '/api/notifications', notice)
      const notification = page.locator('#notifications > .notification.warning')
      await expect(notification).toHaveText('High volume')
      // The page removes the notification after 5 s.
      await expect(notification).toHaveCount(0)
      expect(problems).toEqual([])
    } finally {
      await browser.close()
      await server.stopAndDelete()
    }
  })
}
