// Texts from users and programs are never interpreted as HTML.

import { expect, expectProblem, openView, signInAndOpen, test, VIEWS } from '../support/test.ts'

const PAYLOADS = [
  '<script>window.hacked = 1</script>',
  '<img src=x onerror="window.hacked = 1">',
  '"\'><svg onload="window.hacked = 1">',
  '<iframe srcdoc="<script>parent.hacked = 1</script>"></iframe>',
  '<a href="javascript:window.hacked = 1" autofocus onfocus="window.hacked = 1">x</a>',
  'javascript:window.hacked = 1',
]

test('the texts run scripts where they become HTML', async ({ page, problems }) => {
  await page.setContent('<div></div>')
  await page.evaluate(([, image = '']) => {
    const element = document.querySelector('div')
    if (element) element.innerHTML = image
  }, PAYLOADS)
  await page.waitForFunction(() => 'hacked' in window)
  problems.length = 0
})

test('the texts stay text in every view', async ({ page, owner, project }) => {
  for (const [index, payload] of PAYLOADS.entries()) {
    const rule = { name: payload, type: 'keyword', data: { keywords: [`odd${index}`, payload] }, action: 'flag' }
    await owner.call('POST', `/api/projects/${project.id}/rules`, rule)
    const metadata = { user_id: payload, [payload]: payload }
    await owner.moderate(project.id, `odd${index} ${payload}`, metadata)
    const { content_id } = await owner.moderate(project.id, `odd${index} reviewed ${payload}`, metadata)
    const review = `/api/content/${content_id}/review?project_id=${project.id}`
    await owner.call('POST', review, { decision: 'flag', reason: payload })
    const notice = { type: 'info', message: payload, project_id: project.id }
    await owner.call('POST', '/api/notifications', { ...notice, persistent: true })
    await owner.createProject(payload)
    await owner.call('POST', `/api/projects/${project.id}/invitations`, { email: `${payload}@example.org` })
  }
  await owner.call('PATCH', `/api/projects/${project.id}`, { name: PAYLOADS[1] })
  await signInAndOpen(page, owner, project)
  // The following texts arrive in live events.
  for (const payload of PAYLOADS) {
    await owner.moderate(project.id, `live ${payload}`, { user_id: payload })
    await owner.call('POST', '/api/notifications', { type: 'warning', message: payload, project_id: project.id })
  }
  await expect(page.locator('.feed')).toContainText(`live ${PAYLOADS[5]}`)
  for (const view of VIEWS) {
    await openView(page, project, view)
    await expect(page.locator('main li:not(.banners li)').filter({ hasText: PAYLOADS[2] ?? '' })).not.toHaveCount(0)
    await expectNoHtml()
  }
  await openView(page, project, 'rules')
  await page.getByRole('button', { name: /^Edit <img/ }).click()
  await expect(page.getByRole('dialog')).toContainText('<img src=x')
  await expectNoHtml()
  await page.keyboard.press('Escape')
  await page.goto('/#/')
  await expect(page.locator('.projects')).toContainText(PAYLOADS[0] ?? '')
  await expectNoHtml()

  async function expectNoHtml() {
    const found = await page.evaluate(() => ({
      hacked: 'hacked' in window,
      elements: document.querySelectorAll('body script, body iframe, body svg[onload], body img:not(.brand img)')
        .length,
      links: [...document.querySelectorAll('a')].map((link) => link.protocol),
      handlers: [...document.querySelectorAll('*')].filter((one) =>
        [...one.attributes].some(({ name }) => name.startsWith('on') || name === 'srcdoc' || name === 'style'),
      ).length,
    }))
    expect({ ...found, links: [...new Set(found.links)] }).toEqual({
      hacked: false,
      elements: 0,
      links: ['http:'],
      handlers: 0,
    })
  }
})

test('the browser blocks HTML from text and requests to other hosts', async ({ page, owner, project, problems }) => {
  await signInAndOpen(page, owner, project)
  const refused = await page.evaluate(() => {
    try {
      document.body.innerHTML = '<b>x</b>'
      return false
    } catch {
      return true
    }
  })
  expect(refused).toBe(true)
  await page.evaluate(() => {
    const script = document.createElement('img')
    script.src = 'http://elsewhere.example/x.png'
    document.body.append(script)
  })
  await expectProblem(problems, /elsewhere\.example/)
  await expectProblem(problems, /TrustedHTML|trusted/i)
})
