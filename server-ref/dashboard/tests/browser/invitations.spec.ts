// Invitations: an admin invites a user, who becomes a member by accepting.

import { randomUUID } from 'node:crypto'
import { ApiUser, TEST_PASSWORD } from '../support/api_user.ts'
import { expect, expectProblem, signIn, signInAndOpen, test } from '../support/test.ts'

test('an invited user accepts the invitation by its link', async ({ page, owner, project, server }) => {
  const email = `guest-${randomUUID()}@automoderate.example`
  await owner.call('POST', '/api/users', { email, password: TEST_PASSWORD })
  await signInAndOpen(page, owner, project, 'members')
  await page.getByLabel('Email').fill(email)
  await page.getByRole('button', { name: 'Invite' }).click()
  await expect(page.getByRole('textbox', { name: 'Link' })).toHaveValue(/\/dashboard\/#\/invitations\/./)
  const link = await page.getByRole('textbox', { name: 'Link' }).inputValue()
  await expect(page.getByRole('button', { name: `Withdraw the invitation of ${email}` })).toBeVisible()
  await page.getByRole('button', { name: 'Sign out' }).click()

  const guest = await ApiUser.signIn(server, email, TEST_PASSWORD)
  await signIn(page, guest)
  await expect(page.getByRole('heading', { name: 'Invitations' })).toBeVisible()
  await expect(page.locator('.people')).toContainText(project.name)
  await page.goto(link)
  await page.getByRole('button', { name: 'Accept', exact: true }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Live' })).toBeVisible()
  const { members } = await owner.call('GET', `/api/projects/${project.id}/members`)
  expect(members.map((one: { email: string }) => one.email)).toContain(email)
})

test('an invitation can be declined or withdrawn', async ({ page, owner, project, problems }) => {
  const guest = await owner.addMember(await owner.createProject('Another'), 'declines', 'member')
  await owner.call('POST', `/api/projects/${project.id}/invitations`, { email: guest.email })
  await signIn(page, guest)
  await page.getByRole('button', { name: `Decline: ${project.name}` }).click()
  await expect(page.getByRole('heading', { name: 'Invitations' })).toHaveCount(0)
  const path = `/api/projects/${project.id}/invitations`
  expect((await owner.call('GET', path)).invitations).toEqual([])
  const { invitation } = await owner.call('POST', path, { email: guest.email })
  await owner.call('DELETE', `${path}/${invitation.id}`)
  await page.goto(`/dashboard/#/invitations/${invitation.token}`)
  await page.getByRole('button', { name: 'Accept', exact: true }).click()
  await expect(page.locator('.problem')).toHaveText('Invitation not found')
  await expectProblem(problems, /status of 404/)
})
