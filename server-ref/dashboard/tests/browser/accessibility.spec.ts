// For everybody: by keyboard, with a screen reader, in light and dark, on a phone.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Person } from '../support/person.ts'
import {
  announcements,
  expect,
  forgive,
  live,
  open,
  type Page,
  type Project,
  show,
  test,
  VIEWS,
} from '../support/test.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const LONG = 'a_word_that_does_not_end'.repeat(8)

/** A view's data from `fill`. */
const FILLED = { live: LONG, review: LONG, rules: 'No spam', notifications: 'Withdraw', members: 'Withdraw' }

/** Axe's findings, as text. */
async function faults(page: Page): Promise<string[]> {
  await page.evaluate(AXE)
  const results: AxeResults = await page.evaluate('axe.run(document, { resultTypes: ["violations"] })')
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html}\n${node.failureSummary}`),
  )
}

/** Something of everything. */
async function fill(owner: Person, project: Project): Promise<void> {
  await owner.addRule(project.id, 'odd', 'flag')
  await owner.addRule(project.id, 'spam', 'reject')
  for (const text of ['fine', 'odd', 'spam', `odd ${LONG}`]) await owner.moderate(project.id, text, { user_id: LONG })
  for (const type of ['info', 'success', 'warning', 'error']) {
    await owner.call('POST', '/api/notifications', { type, message: type, persistent: true, project_id: project.id })
  }
  await owner.call('POST', `/api/projects/${project.id}/invitations`, { email: `${LONG}@example.org` })
}

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [1280, 360]) {
    test(`nothing to find fault with: ${colorScheme}, ${width} wide`, async ({ page, owner, project }) => {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize({ width, height: 740 })
      await fill(owner, project)
      await page.goto('/auth/login')
      expect(await faults(page)).toEqual([])
      await open(page, owner, project)
      await owner.call('POST', '/api/notifications', { type: 'error', message: 'now', project_id: project.id })
      // It stays while it has the pointer or the focus.
      await page.locator('.toast').hover()
      await expect(page.locator('.banners li')).toHaveCount(4)
      expect(await faults(page)).toEqual([])
      await page.locator('.toast').getByRole('button', { name: 'Dismiss' }).click()
      const look = async (what: string) => {
        expect(await faults(page), what).toEqual([])
        const widest = await page.evaluate(() => document.documentElement.scrollWidth)
        expect(widest, `${what} needs no sideways scrolling`).toBeLessThanOrEqual(width)
      }
      for (const view of VIEWS) {
        await show(page, project, view)
        await expect(page.locator('main')).toContainText(FILLED[view])
        await look(view)
      }
      await page.goto('/#/')
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('Projects')
      await look('projects')
      await show(page, project, 'rules')
      await page.getByRole('button', { name: 'New rule' }).click()
      await expect(page.getByRole('dialog')).toBeVisible()
      await look('the form of a rule')
    })
  }
}

test('the field that is wrong says so', async ({ page, owner, project, complaints }) => {
  await open(page, owner, project, 'rules')
  await page.getByRole('button', { name: 'New rule' }).click()
  await page.getByLabel('Name').fill('n')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByLabel('Keywords')).toHaveAccessibleDescription(/no keyword/)
  await forgive(complaints, /status of 422/)
  expect(await faults(page)).toEqual([])
})

test('landmarks and headings', async ({ page, owner, project }) => {
  await open(page, owner, project)
  await expect(page.getByRole('banner')).toMatchAriaSnapshot(`
    - banner:
      - link "AutoModerate, all projects"
      - combobox "Project"
      - combobox "Colours"
      - button "Sign out"
  `)
  await expect(page.getByRole('navigation', { name: 'Project' })).toMatchAriaSnapshot(`
    - list:
      - listitem:
        - link "Live"
      - listitem:
        - link "Review"
      - listitem:
        - link "Rules"
      - listitem:
        - link "Notifications"
  `)
  await expect(page.getByRole('main')).toMatchAriaSnapshot(`
    - main:
      - heading "Live" [level=1]
      - region "Last 15 minutes":
        - heading "Last 15 minutes" [level=2]
        - group "What the chart shows":
          - radio "Rates" [checked]
          - radio "Volume"
        - figure:
          - img "No decisions in the last 15 minutes"
          - table "Decisions by time"
      - region "Try a text":
        - textbox "Text"
        - button "Moderate"
      - region "Users by risk"
      - region "Activity":
        - combobox "Show"
        - button "Pause"
  `)
})

test('with the keyboard alone', async ({ page, owner, project }) => {
  await page.goto('/')
  // Like a user who first looks for the caret.
  await expect(page.getByLabel('Email')).toBeFocused()
  await page.keyboard.type(owner.email)
  await page.keyboard.press('Tab')
  await page.keyboard.type(owner.password)
  await page.keyboard.press('Enter')
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible()
  await show(page, project, 'live')
  await page.reload()
  await live(page)

  await page.keyboard.press('Tab')
  const skip = page.getByRole('link', { name: 'Skip to the content' })
  await expect(skip).toBeFocused()
  await expect(skip).toBeInViewport()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('main')).toBeFocused()
  await page.keyboard.press('Tab')
  await expect(page.getByLabel('Rates')).toBeFocused()
  await page.keyboard.press('ArrowRight')
  await expect(page.getByLabel('Volume')).toBeChecked()

  await page.getByRole('link', { name: 'Rules' }).focus()
  await expect(page.getByRole('link', { name: 'Rules' })).toHaveCSS('outline-style', 'solid')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 1, name: 'Rules' })).toBeFocused()
  await expect(page).toHaveTitle(/^Rules – /)
  await page.keyboard.press('Tab')
  await expect(page.getByRole('button', { name: 'New rule' })).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(page.getByLabel('Name')).toBeFocused()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toHaveCount(0)
  await expect(page.getByRole('button', { name: 'New rule' })).toBeFocused()
})

test('light and dark, as the system says or as one likes', async ({ page, owner, project }) => {
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  await page.emulateMedia({ colorScheme: 'light' })
  await open(page, owner, project)
  const light = await ground()
  await page.emulateMedia({ colorScheme: 'dark' })
  const dark = await ground()
  expect(dark).not.toBe(light)
  await page.getByLabel('Colours').selectOption('Light')
  expect(await ground()).toBe(light)
  await page.reload()
  await live(page)
  expect(await ground()).toBe(light)
  await page.emulateMedia({ colorScheme: 'light' })
  await page.getByLabel('Colours').selectOption('Dark')
  expect(await ground()).toBe(dark)
})

test('a busy project does not shout', async ({ page, owner, project }) => {
  await page.clock.install()
  await open(page, owner, project)
  const said = await announcements(page)
  for (let count = 0; count < 20; count += 1) await owner.moderate(project.id, `text ${count}`)
  await expect(page.locator('.feed li')).toHaveCount(20)
  await page.clock.runFor(25_000)
  expect(await said()).toEqual(['New decisions: 20 approved'])
  await expect(page.locator('.feed')).not.toHaveAttribute('aria-live')
})
