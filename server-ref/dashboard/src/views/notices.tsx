// Notifications above all views: banners for persistent ones, toasts for temporary ones.

import { useEffect, useRef } from 'preact/hooks'
import { Badge, toneClass } from '../parts/small.tsx'
import type { Notice, Notices } from '../state/notices.ts'

const TOAST_DURATION = 10_000

export function Banners({ notices }: { notices: Notices }) {
  const open = notices.inForce.value.filter((one) => !notices.closedBanners.value.has(one.id))
  if (open.length === 0) return null
  return (
    <ul class="banners" aria-label="Notifications in force">
      {open.map((one) => (
        <li key={one.id} class={toneClass(one.type)}>
          <Badge value={one.type} />
          <span class="text">{one.message}</span>
          <button type="button" class="quiet" onClick={() => notices.closeBanner(one.id)}>
            Hide<span class="hidden">: {one.message}</span>
          </button>
        </li>
      ))}
    </ul>
  )
}

/** The regions always exist, so that screen readers notice new entries. Errors interrupt, other types do not. */
export function Toasts({ notices }: { notices: Notices | undefined }) {
  const toasts = notices?.toasts.value ?? []
  const renderToasts = (list: readonly Notice[]) =>
    list.map((toast) => <Toast key={toast.key} notice={toast} onClose={() => notices?.dismissToast(toast)} />)
  return (
    <div class="toasts">
      <div role="alert">{renderToasts(toasts.filter((toast) => toast.type === 'error'))}</div>
      <div role="status">{renderToasts(toasts.filter((toast) => toast.type !== 'error'))}</div>
    </div>
  )
}

function Toast({ notice, onClose }: { notice: Notice; onClose: () => void }) {
  const toast = useRef<HTMLDivElement>(null)
  useEffect(() => {
    // A toast that has the pointer or the focus stays.
    const timer = setInterval(() => toast.current?.matches(':hover, :focus-within') || onClose(), TOAST_DURATION)
    return () => clearInterval(timer)
  }, [])
  return (
    <div class={`toast ${toneClass(notice.type)}`} ref={toast}>
      <Badge value={notice.type} />
      <span class="text">{notice.message}</span>
      <button type="button" class="quiet" onClick={onClose}>
        Dismiss
      </button>
    </div>
  )
}
