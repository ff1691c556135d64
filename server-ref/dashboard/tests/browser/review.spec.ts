// The review queue shows decisions immediately, and reports decisions that fail.

import { counterLocator, createGate, expect, expectProblem, signInAndOpen, test } from '../support/test.ts'

test.beforeEach(async ({ owner, project }) => {
  await owner.addRule(project.id, 'odd', 'flag')
})

test('items are approved and rejected, with an optional reason', async ({ page, owner, project }) => {
  const { content_id } = await owner.moderate(project.id, 'odd one', { user_id: 'u_1' })
  await owner.moderate(project.id, 'odd two')
  await signInAndOpen(page, owner, project, 'review')
  const cards = page.locator('.review')
  await expect(cards).toHaveCount(2)
  await expect(page.getByRole('link', { name: 'Review 2 waiting' })).toBeVisible()
  const first = cards.filter({ hasText: 'odd one' })
  await expect(first).toContainText('u_1')
  await expect(first).toContainText('No odd')
  await first.getByLabel('Reason').fill('it is <fine>')
  await first.getByRole('button', { name: 'Approve' }).click()
  await expect(cards).toHaveCount(1)
  await cards.getByRole('button', { name: 'Reject' }).click()
  await expect(page.getByText('Nothing waits for a review')).toBeVisible()
  await page.getByRole('link', { name: 'Live' }).click()
  await expect(counterLocator(page, 'Flagged')).toHaveText('0')
  await expect(counterLocator(page, 'Rejected')).toHaveText('1')
  await expect(page.locator('.feed li').first()).toContainText(owner.email)
  const { content } = await owner.call('GET', `/api/content/${content_id}?project_id=${project.id}`)
  expect([content.status, content.moderation_results.at(-1).reason]).toEqual(['approved', 'it is <fine>'])
})

test('items that are flagged or decided elsewhere appear and disappear', async ({ page, owner, project }) => {
  await signInAndOpen(page, owner, project, 'review')
  await expect(page.getByText('Nothing waits for a review')).toBeVisible()
  const { content_id } = await owner.moderate(project.id, 'odd')
  await expect(page.locator('.review')).toHaveCount(1)
  await owner.call('POST', `/api/content/${content_id}/review?project_id=${project.id}`, { decision: 'approve' })
  await expect(page.getByText('Nothing waits for a review')).toBeVisible()
})

test('an item whose decision failed stays in the queue', async ({ page, owner, project, problems }) => {
  await owner.moderate(project.id, 'odd')
  await signInAndOpen(page, owner, project, 'review')
  const [opened, openGate] = createGate()
  await page.route('**/review?*', async (route) => {
    await opened
    const json = { success: false, error: 'The database does not answer', code: 'unavailable' }
    await route.fulfill({ status: 503, json })
  })
  const card = page.locator('.review')
  await card.getByRole('button', { name: 'Approve' }).click()
  await expect(card.getByText('Sending …')).toBeDisabled()
  openGate()
  await expect(card.getByRole('alert')).toHaveText('Not decided: The database does not answer')
  await expect(page.getByRole('link', { name: 'Review 1 waiting' })).toBeVisible()
  await expectProblem(problems, /status of 503/)
  await page.unroute('**/review?*')
  await card.getByRole('button', { name: 'Approve' }).click()
  await expect(page.getByText('Nothing waits for a review')).toBeVisible()
})

test('items can be decided with the keyboard', async ({ page, owner, project }) => {
  for (const text of ['odd 1', 'odd 2', 'odd 3']) await owner.moderate(project.id, text)
  await signInAndOpen(page, owner, project, 'review')
  const card = (text: string) => page.locator('.review', { hasText: text })
  await expect(card('odd 1')).toBeVisible()
  await card('odd 3').focus()
  await page.keyboard.press('ArrowDown')
  await expect(card('odd 2')).toBeFocused()
  await page.keyboard.press('r')
  await expect(card('odd 1')).toBeFocused()
  await expect(card('odd 2')).toHaveCount(0)
  // Letters typed into the text field do not decide the item.
  await card('odd 1').getByLabel('Reason').focus()
  await page.keyboard.type('rare')
  await expect(card('odd 1').getByLabel('Reason')).toHaveValue('rare')
  await card('odd 1').focus()
  await page.keyboard.press('ArrowUp')
  await expect(card('odd 3')).toBeFocused()
  await page.keyboard.press('a')
  await expect(card('odd 1')).toBeFocused()
  await page.keyboard.press('a')
  await expect(page.getByText('Nothing waits for a review')).toBeVisible()
  await expect(page.getByRole('heading', { level: 1 })).toBeFocused()
})

test('the focus moves to the next card if another user decides the focused one', async ({ page, owner, project }) => {
  await owner.moderate(project.id, 'odd 1')
  const { content_id } = await owner.moderate(project.id, 'odd 2')
  await signInAndOpen(page, owner, project, 'review')
  const card = (text: string) => page.locator('.review', { hasText: text })
  await card('odd 2').getByLabel('Reason').focus()
  await owner.call('POST', `/api/content/${content_id}/review?project_id=${project.id}`, { decision: 'reject' })
  await expect(card('odd 1')).toBeFocused()
  // The focus does not return after the user has left the list.
  await page.getByRole('heading', { level: 1 }).click({ position: { x: 1, y: 1 } })
  await page.evaluate(() => (document.activeElement as HTMLElement).blur())
  await owner.moderate(project.id, 'odd 3')
  await expect(card('odd 3')).toBeVisible()
  await expect(card('odd 3')).not.toBeFocused()
  await expect(card('odd 1')).not.toBeFocused()
})
