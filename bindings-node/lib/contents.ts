/** A project's items, page by page. */

import type { Content, ContentPage } from './values.js'

/** The items, newest first, fetched page by page as they are read. */
export class Contents implements AsyncIterableIterator<Content> {
  readonly #fetch: (page: number) => Promise<ContentPage>
  #page = 1
  #ready: Content[] = []
  #more = true
  /** One page at a time, even with several readers. */
  #queue: Promise<unknown> = Promise.resolve()

  /** @internal */
  constructor(fetch: (page: number) => Promise<ContentPage>) {
    this.#fetch = fetch
  }

  /** For `for await`: the listing itself. A second loop resumes where the first was left. */
  [Symbol.asyncIterator](): this {
    return this
  }

  /** The next item. Rejects like `contentsPage`; the next call then requests the same page again. */
  next(): Promise<IteratorResult<Content, undefined>> {
    const next = this.#queue.then(() => this.#next())
    this.#queue = next.catch(() => {})
    return next
  }

  async #next(): Promise<IteratorResult<Content, undefined>> {
    while (this.#ready.length === 0 && this.#more) {
      const page = await this.#fetch(this.#page)
      this.#page = page.page + 1
      this.#more = page.hasMore
      this.#ready = page.items.reverse()
    }
    const value = this.#ready.pop()
    return value === undefined ? { done: true, value } : { done: false, value }
  }
}
