// Accessibility with the keyboard, with a screen reader, in the light and dark themes, and on a phone.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { ApiUser } from '../support/api_user.ts'
import {
  expect,
  expectProblem,
  openView,
  type Page,
  type Project,
  recordAnnouncements,
  signInAndOpen,
  test,
  VIEWS,
  waitUntilLive,
} from '../support/test.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const LONG_WORD = 'a_word_that_does_not_end'.repeat(8)

/** For each view, a text that appears once `addData` has run. */
const EXPECTED_TEXTS = {
  live: LONG_WORD,
  review: LONG_WORD,
  rules: 'No spam',
  notifications: 'Withdraw',
  members: 'Withdraw',
}

/** Returns the violations that axe finds, as text. */
async function axeViolations(page: Page): Promise<string[]> {
  await page.evaluate(AXE)
  const results: AxeResults = await page.evaluate('axe.run(document, { resultTypes: ["violations"] })')
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html}\n${node.failureSummary}`),
  )
}

/** Adds data for all views. */
async function addData(owner: ApiUser, project: Project): Promise<void> {
  await owner.addRule(project.id, 'odd', 'flag')
  await owner.addRule(project.id, 'spam', 'reject')
  for (const text of ['fine', 'odd', 'spam', `odd ${LONG_WORD}`])
    await owner.moderate(project.id, text, { user_id: LONG_WORD })
  for (const type of ['info', 'success', 'warning', 'error']) {
    await owner.call('POST', '/api/notifications', { type, message: type, persistent: true, project_id: project.id })
  }
  await owner.call('POST', `/api/projects/${project.id}/invitations`, { email: `${LONG_WORD}@example.org` })
}

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [1280, 360]) {
    test(`axe finds nothing: ${colorScheme}, ${width} pixels wide`, async ({ page, owner, project }) => {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize({ width, height: 740 })
      await addData(owner, project)
      await page.goto('/auth/login')
      expect(await axeViolations(page)).toEqual([])
      await signInAndOpen(page, owner, project)
      await owner.call('POST', '/api/notifications', { type: 'error', message: 'now', project_id: project.id })
      // The toast stays while the pointer is over it.
      await page.locator('.toast').hover()
      await expect(page.locator('.banners li')).toHaveCount(4)
      expect(await axeViolations(page)).toEqual([])
      await page.locator('.toast').getByRole('button', { name: 'Dismiss' }).click()
      const checkView = async (view: string) => {
        expect(await axeViolations(page), view).toEqual([])
        const widest = await page.evaluate(() => document.documentElement.scrollWidth)
        expect(widest, `${view} scrolls sideways`).toBeLessThanOrEqual(width)
      }
      for (const view of VIEWS) {
        await openView(page, project, view)
        await expect(page.locator('main')).toContainText(EXPECTED_TEXTS[view])
        await checkView(view)
      }
      await page.goto('/#/')
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('Projects')
      await checkView('projects')
      await openView(page, project, 'rules')
      await page.getByRole('button', { name: 'New rule' }).click()
      await expect(page.getByRole('dialog')).toBeVisible()
      await checkView('the form of a rule')
    })
  }
}

test('a field with an invalid value describes the error', async ({ page, owner, project, problems }) => {
  await signInAndOpen(page, owner, project, 'rules')
  await page.getByRole('button', { name: 'New rule' }).click()
  await page.getByLabel('Name').fill('n')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByLabel('Keywords')).toHaveAccessibleDescription(/no keyword/)
  await expectProblem(problems, /status of 422/)
  expect(await axeViolations(page)).toEqual([])
})

test('the page has landmarks and headings', async ({ page, owner, project }) => {
  await signInAndOpen(page, owner, project)
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

test('the page works with the keyboard alone', async ({ page, owner, project }) => {
  await page.goto('/')
  // The test waits until the field has focus, as a user would.
  await expect(page.getByLabel('Email')).toBeFocused()
  await page.keyboard.type(owner.email)
  await page.keyboard.press('Tab')
  await page.keyboard.type(owner.password)
  await page.keyboard.press('Enter')
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible()
  await openView(page, project, 'live')
  await page.reload()
  await waitUntilLive(page)

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

test('the theme follows the system or the user', async ({ page, owner, project }) => {
  const backgroundColour = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  await page.emulateMedia({ colorScheme: 'light' })
  await signInAndOpen(page, owner, project)
  const light = await backgroundColour()
  await page.emulateMedia({ colorScheme: 'dark' })
  const dark = await backgroundColour()
  expect(dark).not.toBe(light)
  await page.getByLabel('Colours').selectOption('Light')
  expect(await backgroundColour()).toBe(light)
  await page.reload()
  await waitUntilLive(page)
  expect(await backgroundColour()).toBe(light)
  await page.emulateMedia({ colorScheme: 'light' })
  await page.getByLabel('Colours').selectOption('Dark')
  expect(await backgroundColour()).toBe(dark)
})

test('decisions of a busy project are announced as totals', async ({ page, owner, project }) => {
  await page.clock.install()
  await signInAndOpen(page, owner, project)
  const announced = await recordAnnouncements(page)
  for (let count = 0; count < 20; count += 1) await owner.moderate(project.id, `text ${count}`)
  await expect(page.locator('.feed li')).toHaveCount(20)
  await page.clock.runFor(25_000)
  expect(await announced()).toEqual(['New decisions: 20 approved'])
  await expect(page.locator('.feed')).not.toHaveAttribute('aria-live')
})
