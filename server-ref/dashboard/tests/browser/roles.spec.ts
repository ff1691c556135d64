// Forbidden actions are hidden, or refused with a reason.

import { expect, expectProblem, signInAndOpen, test } from '../support/test.ts'

test('a member can view and review but not change rules', async ({ page, owner, project }) => {
  await owner.addRule(project.id, 'odd', 'flag')
  await owner.moderate(project.id, 'odd')
  const member = await owner.addMember(project.id, 'looks', 'member')
  await signInAndOpen(page, member, project, 'rules')
  await expect(page.getByText('admins of the project change them')).toBeVisible()
  await expect(page.getByLabel('No odd is on')).toBeDisabled()
  for (const name of ['New rule', 'Edit No odd', 'Delete No odd']) {
    await expect(page.getByRole('button', { name })).toHaveCount(0)
  }
  await page.getByRole('link', { name: 'Notifications' }).click()
  await expect(page.getByText('Admins of the project publish')).toBeVisible()
  await expect(page.getByRole('button', { name: 'Publish' })).toHaveCount(0)
  await page.getByRole('link', { name: 'Review' }).click()
  await page.getByRole('button', { name: 'Approve' }).click()
  await expect(page.getByText('Nothing waits for a review')).toBeVisible()
})

test('a former admin sees the reason for a refusal', async ({ page, owner, project, problems }) => {
  const admin = await owner.addMember(project.id, 'was', 'admin')
  await signInAndOpen(page, admin, project, 'rules')
  const { members } = await owner.call('GET', `/api/projects/${project.id}/members`)
  const { user_id } = members.find((member: { email: string }) => member.email === admin.email)
  await owner.call('PATCH', `/api/projects/${project.id}/members/${user_id}`, { role: 'member' })
  await page.getByRole('button', { name: 'New rule' }).click()
  await page.getByLabel('Name').fill('Too late')
  await page.getByLabel('Keywords').fill('late')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByRole('dialog').getByRole('alert')).toHaveText('Your role in the project does not allow this')
  await expectProblem(problems, /status of 403/)
})

test('a removed member no longer sees the project', async ({ page, owner, project }) => {
  const member = await owner.addMember(project.id, 'out', 'member')
  await signInAndOpen(page, member, project)
  const { members } = await owner.call('GET', `/api/projects/${project.id}/members`)
  const { user_id } = members.find((one: { email: string }) => one.email === member.email)
  await owner.call('DELETE', `/api/projects/${project.id}/members/${user_id}`)
  await expect(page.getByText('You are not a member of this project any more')).toBeVisible()
  await expect(page.locator('.feed')).toHaveCount(0)
})

test('a project of other users is not shown', async ({ page, owner, project }) => {
  const stranger = await owner.addMember(await owner.createProject('Elsewhere'), 'stranger', 'member')
  await signInAndOpen(page, stranger, project)
  await expect(page.getByText('There is no such project, or you are not a member of it.')).toBeVisible()
})

test('a deactivated user is signed out', async ({ page, owner, project }) => {
  await page.clock.install()
  const member = await owner.addMember(project.id, 'gone', 'member')
  await signInAndOpen(page, member, project)
  const { users } = await owner.call('GET', '/api/users')
  const { id } = users.find((user: { email: string }) => user.email === member.email)
  await owner.call('PATCH', `/api/users/${id}`, { is_active: false })
  await expect(page.getByRole('heading', { name: 'You are signed out' })).toBeVisible()
  // The page does not try to reconnect.
  let attempts = 0
  page.on('request', () => (attempts += 1))
  page.on('websocket', () => (attempts += 1))
  await page.clock.runFor(60_000)
  await page.evaluate(() => fetch('/dashboard/icon.svg'))
  expect(attempts).toBe(1)
  await page.getByRole('link', { name: 'Sign in again' }).click()
  await expect(page.getByLabel('Password')).toBeVisible()
})
