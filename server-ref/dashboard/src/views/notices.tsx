// Notifications above any view: banners for those in force, toasts for temporary ones.

import { useEffect, useRef } from 'preact/hooks'
import { Badge, tone } from '../parts/small.tsx'
import type { Notice, Notices } from '../state/notices.ts'

const TOAST = 10_000

export function Banners({ notices }: { notices: Notices }) {
  const open = notices.inForce.value.filter((one) => !notices.closed.value.has(one.id))
  if (open.length === 0) return null
  return (
    <ul class="banners" aria-label="Notifications in force">
      {open.map((one) => (
        <li key={one.id} class={tone(one.type)}>
          <Badge of={one.type} />
          <span class="text">{one.message}</span>
          <button type="button" class="quiet" onClick={() => notices.closeBanner(one.id)}>
            Hide<span class="hidden">: {one.message}</span>
          </button>
        </li>
      ))}
    </ul>
  )
}

/** The regions always exist, so that screen readers notice new entries. Errors do not wait. */
export function Toasts({ notices }: { notices: Notices | undefined }) {
  const toasts = notices?.toasts.value ?? []
  const shown = (list: readonly Notice[]) =>
    list.map((toast) => <Toast key={toast.key} notice={toast} onClose={() => notices?.dismiss(toast)} />)
  return (
    <div class="toasts">
      <div role="alert">{shown(toasts.filter((toast) => toast.type === 'error'))}</div>
      <div role="status">{shown(toasts.filter((toast) => toast.type !== 'error'))}</div>
    </div>
  )
}

function Toast({ notice, onClose }: { notice: Notice; onClose: () => void }) {
  const toast = useRef<HTMLDivElement>(null)
  useEffect(() => {
    // Not while it has the pointer or the focus.
    const timer = setInterval(() => toast.current?.matches(':hover, :focus-within') || onClose(), TOAST)
    return () => clearInterval(timer)
  }, [])
  return (
    <div class={`toast ${tone(notice.type)}`} ref={toast}>
      <Badge of={notice.type} />
      <span class="text">{notice.message}</span>
      <button type="button" class="quiet" onClick={onClose}>
        Dismiss
      </button>
    </div>
  )
}
