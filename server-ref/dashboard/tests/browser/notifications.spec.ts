// Notifications: for a moment, or until they are withdrawn.

import { expect, gate, live, open, test } from '../support/test.ts'

test('one that passes', async ({ page, owner, project }) => {
  await open(page, owner, project)
  const notice = { type: 'info', message: 'Tea is ready', project_id: project.id }
  await owner.call('POST', '/api/notifications', notice)
  const toast = page.getByRole('status').filter({ hasText: 'Tea is ready' })
  await expect(toast).toBeVisible()
  await owner.call('POST', '/api/notifications', { ...notice, type: 'error', message: 'No tea' })
  await expect(page.getByRole('alert').filter({ hasText: 'No tea' })).toBeVisible()
  await toast.getByRole('button', { name: 'Dismiss' }).click()
  await expect(toast).toHaveCount(0)
  await page.getByRole('link', { name: 'Notifications' }).click()
  await expect(page.getByRole('region', { name: 'Recent' })).toContainText('Tea is ready')
})

test('one that comes while the page still reads what was before', async ({ page, owner, project }) => {
  const [held, pass] = gate()
  await page.routeWebSocket(/socket\.io/, (socket) => {
    const server = socket.connectToServer()
    socket.onMessage(async (message) => {
      if (`${message}`.includes('replay_events')) await held
      server.send(message)
    })
  })
  const notice = { type: 'info', project_id: project.id }
  await owner.call('POST', '/api/notifications', { ...notice, message: 'Before' })
  await open(page, owner, project)
  await owner.call('POST', '/api/notifications', { ...notice, message: 'Now' })
  pass()
  await expect(page.locator('.toast')).toHaveText(/Now/)
  await page.getByRole('link', { name: 'Notifications' }).click()
  await expect(page.getByRole('region', { name: 'Recent' })).toContainText('Before')
})

test('one that stays until it is withdrawn', async ({ page, owner, project }) => {
  await open(page, owner, project, 'notifications')
  await page.getByLabel('Type').selectOption('Warning')
  await page.getByLabel('Message').fill('The queue is long')
  await page.getByRole('checkbox', { name: 'Until it is withdrawn' }).check()
  await page.getByRole('button', { name: 'Publish' }).click()
  const banner = page.locator('.banners', { hasText: 'The queue is long' })
  await expect(banner).toBeVisible()
  await expect(page.getByLabel('Message')).toHaveValue('')

  await page.reload()
  await live(page)
  await expect(banner).toBeVisible()
  await banner.getByRole('button', { name: 'Hide' }).click()
  await expect(banner).toHaveCount(0)
  const inForce = page.getByRole('region', { name: 'In force' })
  await inForce.getByRole('button', { name: 'Withdraw: The queue is long' }).click()
  await expect(inForce).toContainText('None.')
  await page.reload()
  await live(page)
  await expect(page.getByRole('region', { name: 'Recent' })).toContainText('The queue is long')
  await expect(banner).toHaveCount(0)
})
