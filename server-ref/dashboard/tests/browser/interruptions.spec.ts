// Interruptions: missed events are requested, and each event is shown once and in order.

import { ApiUser } from '../support/api_user.ts'
import { Server } from '../support/server.ts'
import {
  counterLocator,
  createGate,
  expect,
  expectProblem,
  recordAnnouncements,
  signIn,
  signInAndOpen,
  test,
  waitUntilLive,
} from '../support/test.ts'

/** Errors from requests that are sent while the server is stopping or stopped. */
const SERVER_DOWN_ERRORS = /ERR_CONNECTION|ERR_EMPTY_RESPONSE|(status of|response code:) 503/

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`the page reconnects after the server is stopped by ${signal}`, async ({ page, problems }) => {
    test.setTimeout(60_000)
    const server = await Server.start()
    try {
      const owner = await ApiUser.signInAsDemoUser(server)
      const project = { id: server.ready.project_id, name: 'Demo' }
      await page.goto(server.url)
      await page.getByLabel('Email').fill(owner.email)
      await page.getByLabel('Password').fill(owner.password)
      await page.getByRole('button', { name: 'Sign in' }).click()
      // The page opens the user's only project.
      await waitUntilLive(page)
      await owner.moderate(project.id, 'before')
      const feed = page.locator('.feed li .text')
      await expect(feed).toHaveText(['before'])

      const announced = await recordAnnouncements(page)
      await server.stop(signal)
      await expect(page.locator('.link')).toContainText('Reconnecting')
      await expect.poll(announced).toContain('The connection is lost; trying again')
      await server.startProcess()
      for (const text of ['while away 1', 'while away 2', 'while away 3']) await owner.moderate(project.id, text)
      // Reconnect attempts are up to 10 s apart.
      await waitUntilLive(page, 20_000)
      await expect.poll(announced).toContain('Connected again')
      await expect(feed).toHaveText(['while away 3', 'while away 2', 'while away 1', 'before'])
      await expect(counterLocator(page, 'Total')).toHaveText('4')
      await owner.moderate(project.id, 'after')
      await expect(feed.first()).toHaveText('after')
      await expect(feed).toHaveCount(5)
      const others = problems.filter((problem) => !SERVER_DOWN_ERRORS.test(problem))
      problems.splice(0, problems.length, ...others)
    } finally {
      await server.stopAndDelete()
    }
  })
}

test('missing events are requested', async ({ page, owner, project }) => {
  let dropped = 0
  await page.routeWebSocket(/socket\.io/, (socket) => {
    const server = socket.connectToServer()
    server.onMessage((message) => {
      const isEvent = typeof message === 'string' && message.startsWith('42["moderation_update"')
      if (isEvent && message.includes('vanishes')) dropped += 1
      else socket.send(message)
    })
  })
  await signInAndOpen(page, owner, project)
  for (const text of ['one', 'vanishes', 'three', 'vanishes too', 'five']) await owner.moderate(project.id, text)
  const feed = page.locator('.feed li .text')
  await expect(feed).toHaveText(['five', 'vanishes too', 'three', 'vanishes', 'one'])
  expect(dropped).toBe(2)
})

test('the page uses long polling where WebSocket is blocked', async ({ page, owner, project, problems }) => {
  await page.addInitScript(() => {
    const Real = window.WebSocket
    window.WebSocket = class extends Real {
      constructor(url: string | URL) {
        super(`${url}`.replace('/socket.io/', '/nowhere/'))
      }
    }
  })
  await signInAndOpen(page, owner, project)
  await owner.moderate(project.id, 'by polling')
  await expect(page.locator('.feed li')).toContainText('by polling')
  await expectProblem(problems, /nowhere/)
})

test('events of a project that is no longer shown do not appear', async ({ page, owner, project }) => {
  const other = await owner.createProject('The other one')
  await signInAndOpen(page, owner, project)
  await owner.moderate(project.id, 'in the first')
  await expect(page.locator('.feed li')).toContainText('in the first')
  const projects = page.getByRole('combobox', { name: 'Project' })
  await projects.focus()
  await projects.selectOption(other)
  await expect(page.getByText('No decisions yet.')).toBeVisible()
  await owner.moderate(project.id, 'again in the first')
  await owner.moderate(other, 'in the other')
  await expect(page.locator('.feed li .text')).toHaveText(['in the other'])
  await expect(projects).toBeFocused()
})

test('the state is “Live” only after the project is joined', async ({ page, owner, project }) => {
  const [opened, openGate] = createGate()
  await page.routeWebSocket(/socket\.io/, (socket) => {
    const server = socket.connectToServer()
    server.onMessage(async (message) => {
      if (`${message}`.includes('joined_project')) await opened
      socket.send(message)
    })
  })
  await signIn(page, owner)
  await waitUntilLive(page)
  await page.goto(`/#/projects/${project.id}/live`)
  await expect(page.locator('.link')).toHaveText('Connecting …')
  await page.goto('/#/')
  await waitUntilLive(page)
  await page.goto(`/#/projects/${project.id}/live`)
  await expect(page.locator('.link')).toHaveText('Connecting …')
  openGate()
  await waitUntilLive(page)
  await owner.moderate(project.id, 'now')
  await expect(page.locator('.feed li')).toContainText('now')
})
