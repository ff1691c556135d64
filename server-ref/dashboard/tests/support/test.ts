// Tests with a server, their own project, and a page without console errors.

import { randomUUID } from 'node:crypto'
import { test as base, expect, type Page } from '@playwright/test'
import { Person } from './person.ts'
import { Server } from './server.ts'

export interface Project {
  id: string
  name: string
}

export const VIEWS = ['live', 'review', 'rules', 'notifications', 'members'] as const
export type View = (typeof VIEWS)[number]

interface Each {
  /** The demonstration's user: administrator of the server, owner of the projects. */
  owner: Person
  project: Project
  /** The browser's complaints, of which there must be none at the end. */
  complaints: string[]
}

interface PerWorker {
  server: Server
}

export const test = base.extend<Each, PerWorker>({
  server: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the parameters
    async ({}, use) => {
      const server = await Server.start()
      await use(server)
      await server.close()
    },
    { scope: 'worker' },
  ],
  baseURL: async ({ server }, use) => use(server.url),
  owner: async ({ server }, use) => use(await Person.demo(server)),
  project: async ({ owner }, use, info) => {
    // Several tests share a server, and a test may run again on it.
    const name = `${info.title} ${randomUUID()}`
    await use({ id: await owner.createProject(name), name })
  },
  complaints: [
    async ({ page }, use) => {
      const complaints: string[] = []
      listen(page, complaints)
      await use(complaints)
      expect(complaints).toEqual([])
    },
    { auto: true },
  ],
})

export { expect, type Page }

/** Violations of the policy are console errors too, and so are the page's exceptions. */
function listen(page: Page, complaints: string[]): void {
  page.on('pageerror', (error) => complaints.push(`threw ${error}`))
  page.on('dialog', async (dialog) => {
    complaints.push(`opened a dialog: ${dialog.message()}`)
    await dialog.dismiss()
  })
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
}

export async function signIn(page: Page, person: Person): Promise<void> {
  await page.goto('/')
  await page.getByLabel('Email').fill(person.email)
  await page.getByLabel('Password').fill(person.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible()
}

/** Signs in and opens a view of the project; waits until it is live. */
export async function open(page: Page, person: Person, project: Project, view: View = 'live'): Promise<void> {
  await signIn(page, person)
  await show(page, project, view)
}

/** Goes to a view of the project; waits until it is shown, and live. */
export async function show(page: Page, project: Project, view: View): Promise<void> {
  await page.goto(`/#/projects/${project.id}/${view}`)
  // The address changes before the page does.
  await expect(page.getByRole('heading', { level: 1, name: view })).toBeVisible()
  await live(page)
}

/** The shown project, if any, is joined: later events arrive by themselves. */
export async function live(page: Page, timeout?: number): Promise<void> {
  await expect(page.locator('.link')).toHaveText('Live', timeout === undefined ? {} : { timeout })
}

/** Announcements to screen readers from now on. */
export async function announcements(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(() => {
    const region = document.querySelector('[aria-live]')
    const said: string[] = []
    Object.assign(window, { said })
    if (!region) throw new Error('nothing is told')
    const listen = new MutationObserver(() => said.push(region.textContent ?? ''))
    listen.observe(region, { childList: true, subtree: true, characterData: true })
  })
  return () => page.evaluate('window.said')
}

/** The text of a counter. */
export function counter(page: Page, name: string) {
  return page.locator('.counter', { hasText: name }).locator('strong')
}

/** A condition for a test, and the function that releases it. */
export function gate(): [passed: Promise<void>, pass: () => void] {
  let pass = () => {}
  const passed = new Promise<void>((resolve) => {
    pass = resolve
  })
  return [passed, pass]
}

/** Waits for these complaints and removes them, because the test causes them. */
export async function forgive(complaints: string[], expected: RegExp): Promise<void> {
  await expect.poll(() => complaints).toContainEqual(expect.stringMatching(expected))
  complaints.splice(0, complaints.length, ...complaints.filter((complaint) => !expected.test(complaint)))
}
