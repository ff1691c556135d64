// Rules are made, changed and deleted; what the server says against one stands at the field.

import { expect, forgive, open, test } from '../support/test.ts'

test('made, in force, changed, off, deleted', async ({ page, owner, project }) => {
  await open(page, owner, project, 'rules')
  await expect(page.getByText('No rules: everything is approved.')).toBeVisible()
  await page.getByRole('button', { name: 'New rule' }).click()
  const form = page.getByRole('dialog', { name: 'New rule' })
  await form.getByLabel('Name').fill('No frogs')
  await form.getByLabel('Keywords').fill('frog\ntoad')
  await form.getByLabel('Priority').fill('7')
  await form.getByRole('button', { name: 'Save' }).click()
  await expect(form).toHaveCount(0)
  const rule = page.locator('.rule')
  await expect(rule).toContainText('Keywords · Reject · priority 7')
  await expect(rule).toContainText('frog, toad')
  expect((await owner.moderate(project.id, 'a TOAD')).status).toBe('rejected')

  await page.getByRole('button', { name: 'Edit No frogs' }).click()
  const edit = page.getByRole('dialog', { name: 'Edit No frogs' })
  await expect(edit.getByLabel('Keywords')).toHaveValue('frog\ntoad')
  await edit.getByLabel('Looks for').selectOption('Regular expression')
  await edit.getByLabel('Pattern').fill('fr.g')
  await edit.getByLabel('What happens then').selectOption('Flag')
  await edit.getByRole('button', { name: 'Save' }).click()
  await expect(rule).toContainText('/fr.g/')
  expect((await owner.moderate(project.id, 'frog')).status).toBe('flagged')

  await page.getByLabel('No frogs is on').uncheck()
  await expect(rule).toContainText('Off')
  expect((await owner.moderate(project.id, 'frog')).status).toBe('approved')

  await page.getByRole('button', { name: 'Delete No frogs' }).click()
  await page.getByRole('button', { name: 'Keep it' }).click()
  await page.getByRole('button', { name: 'Delete No frogs' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await expect(rule).toHaveCount(0)
})

test('what is wrong stands at the field', async ({ page, owner, project, complaints }) => {
  await open(page, owner, project, 'rules')
  await page.getByRole('button', { name: 'New rule' }).click()
  await page.getByLabel('Name').fill('Broken')
  await page.getByLabel('Looks for').selectOption('Regular expression')
  const pattern = page.getByLabel('Pattern')
  await pattern.fill('a(b')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(pattern).toHaveAttribute('aria-invalid', 'true')
  await expect(pattern).toHaveAccessibleDescription(/unclosed group/)
  await expect(pattern).toBeFocused()
  await forgive(complaints, /status of 422/)
  await pattern.fill('a(b)')
  await page.getByLabel('Priority').fill('99999999')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByLabel('Priority')).toHaveAccessibleDescription(/from -1000000/)
  await expect(pattern).toHaveAttribute('aria-invalid', 'false')
  await forgive(complaints, /status of 422/)
  await page.getByLabel('Priority').fill('1')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.locator('.rule')).toContainText('Broken')
})

test('what somebody switches stays as they want it, whatever comes meanwhile', async ({ page, owner, project }) => {
  await owner.addRule(project.id, 'newt', 'flag')
  await open(page, owner, project, 'rules')
  let pass = () => {}
  const held = new Promise<void>((resolve) => {
    pass = resolve
  })
  await page.route('**/rules/*', async (route) => {
    await held
    await route.continue()
  })
  const newt = page.getByLabel('No newt is on')
  await newt.uncheck()
  await owner.addRule(project.id, 'toad', 'flag')
  await expect(page.locator('.rule')).toHaveCount(2)
  await expect(newt).not.toBeChecked()
  pass()
  await expect(page.locator('.rule', { hasText: 'No newt' })).toContainText('Off')
  await expect(newt).not.toBeChecked()
  await expect(newt).toBeFocused()
})

test('what others change is seen', async ({ page, owner, project }) => {
  await open(page, owner, project, 'rules')
  await owner.addRule(project.id, 'newt', 'flag')
  const rule = page.locator('.rule')
  await expect(rule).toContainText('No newt')
  const { rules } = await owner.call('GET', `/api/projects/${project.id}/rules`)
  await owner.call('PATCH', `/api/projects/${project.id}/rules/${rules[0].id}`, { name: 'Newts, no' })
  await expect(rule).toContainText('Newts, no')
  await owner.call('DELETE', `/api/projects/${project.id}/rules/${rules[0].id}`)
  await expect(rule).toHaveCount(0)
})
