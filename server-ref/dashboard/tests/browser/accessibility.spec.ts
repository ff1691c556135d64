// For everybody: by keyboard, with a screen reader, in light and dark, on a phone.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Person } from '../support/person.ts'
import { expect, forgive, live, open, type Page, type Project, signIn, test } from '../support/test.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const VIEWS = ['live', 'review', 'rules', 'notifications'] as const
const LONG = 'a_word_that_does_not_end'.repeat(8)

/** What axe finds, as text. */
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
      await expect(page.locator('.toast')).toBeVisible()
      for (const path of ['/#/', ...VIEWS.map((view) => `/#/projects/${project.id}/${view}`)]) {
        await page.goto(path)
        await live(page)
        await expect(page.getByText('Loading')).toHaveCount(0)
        expect(await faults(page), path).toEqual([])
        const widest = await page.evaluate(() => document.documentElement.scrollWidth)
        expect(widest, `${path} needs no sideways scrolling`).toBeLessThanOrEqual(width)
      }
      await page.goto(`/#/projects/${project.id}/rules`)
      await page.getByRole('button', { name: 'New rule' }).click()
      expect(await faults(page)).toEqual([])
    })
  }
}

test('the field that is wrong says so', async ({ page, owner, project, complaints }) => {
  await open(page, owner, project, 'rules')
  await page.getByRole('button', { name: 'New rule' }).click()
  await page.getByLabel('Name').fill('n')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByLabel('Keywords')).toHaveAccessibleDescription(/no keyword/)
  forgive(complaints, /status of 422/)
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
      - region "Activity":
        - combobox "Show"
        - button "Pause"
      - region "Try a text":
        - textbox "Text"
        - button "Moderate"
      - region "Users by risk"
  `)
})

test('with the keyboard alone', async ({ page, owner, project }) => {
  await page.goto('/')
  await page.keyboard.type(owner.email)
  await page.keyboard.press('Tab')
  await page.keyboard.type(owner.password)
  await page.keyboard.press('Enter')
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible()
  await page.goto(`/#/projects/${project.id}/live`)
  await live(page)
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
  await signIn(page, owner)
  await page.goto(`/#/projects/${project.id}/live`)
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
  await page.evaluate(() => {
    const region = document.querySelector('[aria-live]')
    const said: string[] = []
    Object.assign(window, { said })
    if (region)
      new MutationObserver(() => said.push(region.textContent ?? '')).observe(region, {
        childList: true,
        subtree: true,
        characterData: true,
      })
  })
  for (let count = 0; count < 20; count += 1) await owner.moderate(project.id, `text ${count}`)
  await expect(page.locator('.feed li')).toHaveCount(20)
  await page.clock.runFor(25_000)
  expect(await page.evaluate('window.said')).toEqual(['New decisions: 20 approved'])
  await expect(page.locator('.feed')).not.toHaveAttribute('aria-live')
})
