// Missed events are requested again: each event once, in order, whatever the connection does.

import { Person } from '../support/person.ts'
import { Server } from '../support/server.ts'
import { announcements, counter, expect, forgive, gate, live, open, signIn, test } from '../support/test.ts'

/** Attempts while there is no server, or while it stops. */
const TOO_EARLY = /ERR_CONNECTION|ERR_EMPTY_RESPONSE|(status of|response code:) 503/

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`the server ends by ${signal} and comes back`, async ({ page, complaints }) => {
    test.setTimeout(60_000)
    const server = await Server.start()
    try {
      const owner = await Person.demo(server)
      const project = { id: server.ready.project_id, name: 'Demo' }
      await page.goto(server.url)
      await page.getByLabel('Email').fill(owner.email)
      await page.getByLabel('Password').fill(owner.password)
      await page.getByRole('button', { name: 'Sign in' }).click()
      // The only project is opened at once.
      await live(page)
      await owner.moderate(project.id, 'before')
      const feed = page.locator('.feed li .text')
      await expect(feed).toHaveText(['before'])

      const said = await announcements(page)
      await server.stop(signal)
      await expect(page.locator('.link')).toContainText('Reconnecting')
      await expect.poll(said).toContain('The connection is lost; trying again')
      await server.run()
      for (const text of ['while away 1', 'while away 2', 'while away 3']) await owner.moderate(project.id, text)
      // Attempts are up to 10 s apart.
      await live(page, 20_000)
      await expect.poll(said).toContain('Connected again')
      await expect(feed).toHaveText(['while away 3', 'while away 2', 'while away 1', 'before'])
      await expect(counter(page, 'Total')).toHaveText('4')
      await owner.moderate(project.id, 'after')
      await expect(feed.first()).toHaveText('after')
      await expect(feed).toHaveCount(5)
      const others = complaints.filter((complaint) => !TOO_EARLY.test(complaint))
      complaints.splice(0, complaints.length, ...others)
    } finally {
      await server.close()
    }
  })
}

test('a hole in the ids is filled', async ({ page, owner, project }) => {
  let dropped = 0
  await page.routeWebSocket(/socket\.io/, (socket) => {
    const server = socket.connectToServer()
    server.onMessage((message) => {
      const isEvent = typeof message === 'string' && message.startsWith('42["moderation_update"')
      if (isEvent && message.includes('vanishes')) dropped += 1
      else socket.send(message)
    })
  })
  await open(page, owner, project)
  for (const text of ['one', 'vanishes', 'three', 'vanishes too', 'five']) await owner.moderate(project.id, text)
  const feed = page.locator('.feed li .text')
  await expect(feed).toHaveText(['five', 'vanishes too', 'three', 'vanishes', 'one'])
  expect(dropped).toBe(2)
})

test('where WebSockets do not get through it polls', async ({ page, owner, project, complaints }) => {
  await page.addInitScript(() => {
    const Real = window.WebSocket
    window.WebSocket = class extends Real {
      constructor(url: string | URL) {
        super(`${url}`.replace('/socket.io/', '/nowhere/'))
      }
    }
  })
  await open(page, owner, project)
  await owner.moderate(project.id, 'by polling')
  await expect(page.locator('.feed li')).toContainText('by polling')
  await forgive(complaints, /nowhere/)
})

test('another project, another room', async ({ page, owner, project }) => {
  const other = await owner.createProject('The other one')
  await open(page, owner, project)
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

test('“Live” is said of a project that is joined, and not before', async ({ page, owner, project }) => {
  const [held, pass] = gate()
  await page.routeWebSocket(/socket\.io/, (socket) => {
    const server = socket.connectToServer()
    server.onMessage(async (message) => {
      if (`${message}`.includes('joined_project')) await held
      socket.send(message)
    })
  })
  await signIn(page, owner)
  await live(page)
  await page.goto(`/#/projects/${project.id}/live`)
  await expect(page.locator('.link')).toHaveText('Connecting …')
  await page.goto('/#/')
  await live(page)
  await page.goto(`/#/projects/${project.id}/live`)
  await expect(page.locator('.link')).toHaveText('Connecting …')
  pass()
  await live(page)
  await owner.moderate(project.id, 'now')
  await expect(page.locator('.feed li')).toContainText('now')
})
