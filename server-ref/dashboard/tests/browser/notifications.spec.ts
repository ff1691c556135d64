// Notifications: temporary ones, and persistent ones that stay until they are withdrawn.

import { createGate, expect, signInAndOpen, test, waitUntilLive } from '../support/test.ts'

test('a temporary notification is shown as a toast', async ({ page, owner, project }) => {
  await signInAndOpen(page, owner, project)
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

test('a notification that arrives during a replay is shown as a toast', async ({ page, owner, project }) => {
  const [opened, openGate] = createGate()
  await page.routeWebSocket(/socket\.io/, (socket) => {
    const server = socket.connectToServer()
    socket.onMessage(async (message) => {
      if (`${message}`.includes('replay_events')) await opened
      server.send(message)
    })
  })
  const notice = { type: 'info', project_id: project.id }
  await owner.call('POST', '/api/notifications', { ...notice, message: 'Before' })
  await signInAndOpen(page, owner, project)
  await owner.call('POST', '/api/notifications', { ...notice, message: 'Now' })
  openGate()
  await expect(page.locator('.toast')).toHaveText(/Now/)
  await page.getByRole('link', { name: 'Notifications' }).click()
  await expect(page.getByRole('region', { name: 'Recent' })).toContainText('Before')
})

test('a persistent notification is shown until it is withdrawn', async ({ page, owner, project }) => {
  await signInAndOpen(page, owner, project, 'notifications')
  await page.getByLabel('Type').selectOption('Warning')
  await page.getByLabel('Message').fill('The queue is long')
  await page.getByRole('checkbox', { name: 'Until it is withdrawn' }).check()
  await page.getByRole('button', { name: 'Publish' }).click()
  const banner = page.locator('.banners', { hasText: 'The queue is long' })
  await expect(banner).toBeVisible()
  await expect(page.getByLabel('Message')).toHaveValue('')

  await page.reload()
  await waitUntilLive(page)
  await expect(banner).toBeVisible()
  await banner.getByRole('button', { name: 'Hide' }).click()
  await expect(banner).toHaveCount(0)
  const inForce = page.getByRole('region', { name: 'In force' })
  await inForce.getByRole('button', { name: 'Withdraw: The queue is long' }).click()
  await expect(inForce).toContainText('None.')
  await page.reload()
  await waitUntilLive(page)
  await expect(page.getByRole('region', { name: 'Recent' })).toContainText('The queue is long')
  await expect(banner).toHaveCount(0)
})
