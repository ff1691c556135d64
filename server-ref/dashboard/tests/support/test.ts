// Playwright's `test` with a server, a project for each test, and a check that the page reports no problems.

import { randomUUID } from 'node:crypto'
import { test as base, expect, type Page } from '@playwright/test'
import { ApiUser } from './api_user.ts'
import { Server } from './server.ts'

export interface Project {
  id: string
  name: string
}

export const VIEWS = ['live', 'review', 'rules', 'notifications', 'members'] as const
export type View = (typeof VIEWS)[number]

interface TestFixtures {
  /** The demo user, who administers the server and owns the projects. */
  owner: ApiUser
  project: Project
  /** Errors, warnings and dialogs of the page. The test fails if any remain at its end. */
  problems: string[]
}

interface WorkerFixtures {
  server: Server
}

export const test = base.extend<TestFixtures, WorkerFixtures>({
  server: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the parameters
    async ({}, use) => {
      const server = await Server.start()
      await use(server)
      await server.stopAndDelete()
    },
    { scope: 'worker' },
  ],
  baseURL: async ({ server }, use) => use(server.url),
  owner: async ({ server }, use) => use(await ApiUser.signInAsDemoUser(server)),
  project: async ({ owner }, use, info) => {
    // The name must be unique, because several tests share a server, and a test may run repeatedly on the same server.
    const name = `${info.title} ${randomUUID()}`
    await use({ id: await owner.createProject(name), name })
  },
  problems: [
    async ({ page }, use) => {
      const problems: string[] = []
      recordProblems(page, problems)
      await use(problems)
      expect(problems).toEqual([])
    },
    { auto: true },
  ],
})

export { expect, type Page }

/**
 * Records the page's errors, warnings and dialogs. Browsers report violations of the Content-Security-Policy as console
 * errors.
 */
function recordProblems(page: Page, problems: string[]): void {
  page.on('pageerror', (error) => problems.push(`exception: ${error}`))
  page.on('dialog', async (dialog) => {
    problems.push(`dialog: ${dialog.message()}`)
    await dialog.dismiss()
  })
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text())
  })
}

export async function signIn(page: Page, person: ApiUser): Promise<void> {
  await page.goto('/')
  await page.getByLabel('Email').fill(person.email)
  await page.getByLabel('Password').fill(person.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible()
}

/** Signs in and opens a view of the project. Waits until the connection is live. */
export async function signInAndOpen(page: Page, person: ApiUser, project: Project, view: View = 'live'): Promise<void> {
  await signIn(page, person)
  await openView(page, project, view)
}

/** Opens a view of the project. Waits until the view is shown and the connection is live. */
export async function openView(page: Page, project: Project, view: View): Promise<void> {
  await page.goto(`/#/projects/${project.id}/${view}`)
  // The URL changes before the page does.
  await expect(page.getByRole('heading', { level: 1, name: view })).toBeVisible()
  await waitUntilLive(page)
}

/** Waits until the connection is live. The page then receives new events of the shown project, if it shows one. */
export async function waitUntilLive(page: Page, timeout?: number): Promise<void> {
  await expect(page.locator('.link')).toHaveText('Live', timeout === undefined ? {} : { timeout })
}

/** Records announcements to screen readers. Returns a function that returns the recorded announcements. */
export async function recordAnnouncements(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(() => {
    const region = document.querySelector('[aria-live]')
    const announced: string[] = []
    Object.assign(window, { announced })
    if (!region) throw new Error('the page has no live region')
    const observer = new MutationObserver(() => announced.push(region.textContent ?? ''))
    observer.observe(region, { childList: true, subtree: true, characterData: true })
  })
  return () => page.evaluate('window.announced')
}

/** Locates the value of a counter. */
export function counterLocator(page: Page, name: string) {
  return page.locator('.counter', { hasText: name }).locator('strong')
}

/** Returns a promise, and the function that resolves it. */
export function createGate(): [opened: Promise<void>, openGate: () => void] {
  let openGate = () => {}
  const opened = new Promise<void>((resolve) => {
    openGate = resolve
  })
  return [opened, openGate]
}

/** Waits for a problem that the test causes on purpose, and removes it from the recorded problems. */
export async function expectProblem(problems: string[], expected: RegExp): Promise<void> {
  await expect.poll(() => problems).toContainEqual(expect.stringMatching(expected))
  problems.splice(0, problems.length, ...problems.filter((problem) => !expected.test(problem)))
}
