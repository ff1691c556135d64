/** Listing of a project's items. */

import { checkCount, checkOptions, checkString, signalOf } from './arguments.js'
import type { Status } from './events.js'
import type { Abortable } from './stream.js'
import type { Content, ContentPage } from './values.js'

/** Filter for a listing of items. */
export interface ContentFilter extends Abortable {
  /** Decision that the listed items must have. By default, all items are listed. */
  status?: Status
  /** Number of items per page. The server sets the default and the maximum. */
  perPage?: number
}

/** Items of a project, newest first. Pages are fetched as needed. */
export class Contents implements AsyncIterableIterator<Content> {
  readonly #fetchPage: (page: number) => Promise<ContentPage>
  #nextPage = 1
  #fetched: Content[] = []
  #hasMore = true
  /** Promise that settles after the latest read, so that concurrent readers fetch one page at a time. */
  #lastRead: Promise<unknown> = Promise.resolve()

  /** @internal */
  constructor(fetch: (page: number) => Promise<ContentPage>) {
    this.#fetchPage = fetch
  }

  /** Returns the listing itself, for `for await`. A second loop continues where the first one stopped. */
  [Symbol.asyncIterator](): this {
    return this
  }

  /** Returns the next item. Rejects like `contentsPage`; after a rejection, the next call requests the same page. */
  next(): Promise<IteratorResult<Content, undefined>> {
    const result = this.#lastRead.then(() => this.#readNext())
    this.#lastRead = result.catch(() => {})
    return result
  }

  async #readNext(): Promise<IteratorResult<Content, undefined>> {
    while (this.#fetched.length === 0 && this.#hasMore) {
      const page = await this.#fetchPage(this.#nextPage)
      this.#nextPage = page.page + 1
      this.#hasMore = page.hasMore
      this.#fetched = page.items.reverse()
    }
    const value = this.#fetched.pop()
    return value === undefined ? { done: true, value } : { done: false, value }
  }
}

export function checkFilter(filter: ContentFilter | undefined): ContentFilter {
  const { status, perPage, ...rest } = checkOptions(filter, 'status', 'perPage')
  const signal = signalOf(rest)
  return {
    ...(status === undefined ? {} : { status: checkString('status', status) }),
    ...(perPage === undefined ? {} : { perPage: checkCount('perPage', perPage) }),
    ...(signal === undefined ? {} : { signal }),
  }
}
