// Numbers and times as the user's locale writes them.

const number = new Intl.NumberFormat()
const percent = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 })
const time = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' })
const shortTime = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' })
const dateAndTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

export const formatNumber = (value: number): string => number.format(value)

/** Of 100. */
export const formatPercent = (value: number): string => `${percent.format(value)} %`

export const formatShortTime = (at: number): string => shortTime.format(at)

/** The time of day, with the date if it is not today; invalid times stay as they are. */
export function formatTime(text: string, now: Date = new Date()): string {
  const at = new Date(text)
  if (Number.isNaN(at.getTime())) return text
  return at.toDateString() === now.toDateString() ? time.format(at) : dateAndTime.format(at)
}

const WORDS: Record<string, string> = {
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

/** A value of the protocol, in words for people. An unknown one is shown as it is. */
export const word = (text: string): string => (Object.hasOwn(WORDS, text) ? (WORDS[text] ?? text) : text)

/** `user_id` of an item's metadata, if there is one. */
export function author(metadata: unknown): string | undefined {
  if (typeof metadata !== 'object' || metadata === null || !('user_id' in metadata)) return undefined
  const id = metadata.user_id
  return typeof id === 'string' || typeof id === 'number' ? String(id) : undefined
}
