// The live view shows events immediately, and its list can be filtered and paused.

import { counterLocator, expect, signIn, signInAndOpen, test, waitUntilLive } from '../support/test.ts'

test('signing in leads to the projects, and signing out to the form', async ({ page, owner, project }) => {
  await page.goto('/')
  await expect(page).toHaveURL(/\/auth\/login$/)
  await page.getByLabel('Email').fill(owner.email)
  await page.getByLabel('Password').fill('wrong')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('alert')).toHaveText('Invalid email or password')

  await signIn(page, owner)
  await page.getByRole('link', { name: project.name }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Live')
  await waitUntilLive(page)

  await page.getByRole('button', { name: 'Sign out' }).click()
  await expect(page).toHaveURL(/\/auth\/login$/)
  await page.goto('/')
  await expect(page).toHaveURL(/\/auth\/login$/)
})

test('decisions change the list, the counters, the chart and the users', async ({ page, owner, project }) => {
  await owner.addRule(project.id, 'spam', 'reject')
  await owner.moderate(project.id, 'from before')
  await signInAndOpen(page, owner, project)
  const feed = page.locator('.feed li')
  await expect(feed).toHaveCount(1)
  await expect(counterLocator(page, 'Total')).toHaveText('1')

  await owner.moderate(project.id, 'all is well')
  await owner.moderate(project.id, 'spam, spam', { user_id: 'u_17' })
  await expect(feed).toHaveCount(3)
  const newest = feed.first()
  await expect(newest).toContainText('spam, spam')
  await expect(newest).toContainText('Rejected')
  await expect(newest).toContainText('No spam')
  await expect(newest).toContainText('u_17')
  await expect(feed.nth(1)).toContainText('No rule matched')

  await expect(counterLocator(page, 'Total')).toHaveText('3')
  await expect(counterLocator(page, 'Approved')).toHaveText('2')
  await expect(counterLocator(page, 'Rejected')).toHaveText('1')
  await expect(page.locator('.counter.rejected span')).toHaveText('33.3 %')
  const chart = page.getByRole('img', { name: '66.7 % approved, 33.3 % rejected, 0 % flagged' })
  await expect(chart).toBeVisible()
  await expect(chart.locator('rect.rejected')).not.toHaveCount(0)
  await page.getByLabel('Volume').check()
  // The scale shows the number of decisions in the fullest column. A column covers 15 s, so the three decisions may be
  // spread over several columns.
  await expect(page.locator('.scale span').first()).toHaveText(/^[123]$/)
  await expect(page.getByRole('row', { name: 'u_17' })).toContainText('10')
})

test('the list can be filtered and paused', async ({ page, owner, project }) => {
  await owner.addRule(project.id, 'spam', 'reject')
  await owner.moderate(project.id, 'first')
  await owner.moderate(project.id, 'spam')
  await signInAndOpen(page, owner, project)
  const feed = page.locator('.feed li')
  await expect(feed).toHaveCount(2)
  await page.getByRole('button', { name: 'Pause' }).click()
  await owner.moderate(project.id, 'second')
  await expect(page.getByRole('button', { name: 'Resume (1 new)' })).toBeVisible()
  await expect(feed).toHaveCount(2)
  await page.getByRole('button', { name: 'Resume' }).click()
  await expect(feed).toHaveCount(3)
  await page.getByLabel(/^Show/).selectOption('Rejected')
  await expect(feed).toHaveCount(1)
  await expect(feed).toContainText('spam')
})

test('a text can be submitted from the page', async ({ page, owner, project }) => {
  await owner.addRule(project.id, 'spam', 'flag')
  await signInAndOpen(page, owner, project)
  await page.getByRole('textbox', { name: 'Text' }).fill('is this spam?')
  await page.getByRole('button', { name: 'Moderate' }).click()
  await expect(page.locator('.result')).toContainText('Flagged')
  await expect(page.locator('.feed li')).toContainText('is this spam?')
})

test('a burst is counted completely, and the list stays bounded', async ({ page, owner, project }) => {
  const submitBurst = async (name: string) => {
    for (let sent = 0; sent < 300; sent += 20) {
      await Promise.all(Array.from({ length: 20 }, (_, index) => owner.moderate(project.id, `${name} ${sent + index}`)))
    }
  }
  // The chart counts every decision that has arrived, including those that the list no longer shows.
  const chartTotal = async () => {
    const cells = await page.locator('.chart td').allInnerTexts()
    return cells.reduce((total, cell) => total + Number(cell), 0)
  }
  await submitBurst('before')
  await signInAndOpen(page, owner, project)
  await expect.poll(chartTotal).toBe(300)
  await submitBurst('live')
  await expect.poll(chartTotal).toBe(600)
  await expect(counterLocator(page, 'Total')).toHaveText('600')
  await owner.moderate(project.id, 'one more')
  await expect(page.locator('.feed li').first()).toContainText('one more')
  await expect(page.locator('.feed li')).toHaveCount(150)
  await expect(page.locator('.feed .gap')).toHaveCount(0)
})
