// Formats values for users: numbers and times in their locale, and values of the protocol by name.

const numberFormat = new Intl.NumberFormat()
const percentFormat = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 })
const timeFormat = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' })
const shortTimeFormat = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' })
const dateTimeFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

export const formatNumber = (value: number): string => numberFormat.format(value)

/** Formats a percentage, which is given as a value from 0 to 100. */
export const formatPercent = (value: number): string => `${percentFormat.format(value)} %`

export const formatShortTime = (at: number): string => shortTimeFormat.format(at)

/** Formats a time of day, preceded by the date unless the date is today's. Returns invalid times unchanged. */
export function formatTime(text: string, now: Date = new Date()): string {
  const at = new Date(text)
  if (Number.isNaN(at.getTime())) return text
  return at.toDateString() === now.toDateString() ? timeFormat.format(at) : dateTimeFormat.format(at)
}

const DISPLAY_NAMES: Record<string, string> = {
  approved: 'Approved',
  rejected: 'Rejected',
  flagged: 'Flagged',
  pending: 'Pending',
  approve: 'Approve',
  reject: 'Reject',
  flag: 'Flag',
  keyword: 'Keywords',
  regex: 'Regular expression',
  ai_prompt: 'AI prompt',
  info: 'Information',
  warning: 'Warning',
  error: 'Error',
  success: 'Success',
  member: 'Member',
  admin: 'Admin',
  owner: 'Owner',
}

/** Returns the name under which a value of the protocol is shown to users. Returns unknown values unchanged. */
export const displayName = (text: string): string =>
  Object.hasOwn(DISPLAY_NAMES, text) ? (DISPLAY_NAMES[text] ?? text) : text

/** Returns the `user_id` in an item's metadata, if any. */
export function authorId(metadata: unknown): string | undefined {
  if (typeof metadata !== 'object' || metadata === null || !('user_id' in metadata)) return undefined
  const id = metadata.user_id
  return typeof id === 'string' || typeof id === 'number' ? String(id) : undefined
}
