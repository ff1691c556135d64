// The rules of a project.

import { signal } from '@preact/signals'
import { type Api, explain } from '../api/http.ts'
import type { Rule, RuleDraft } from '../api/types.ts'

/** A person who edits many rules at once causes one event for each. */
const PAUSE = 300

export class Rules {
  readonly list = signal<readonly Rule[] | undefined>(undefined)
  readonly problem = signal<string | undefined>(undefined)
  readonly #path: string
  #timer: ReturnType<typeof setTimeout> | undefined
  #request = 0

  constructor(
    private readonly api: Api,
    projectId: string,
  ) {
    this.#path = `/api/projects/${encodeURIComponent(projectId)}/rules`
  }

  async refresh(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#request += 1
    const request = this.#request
    try {
      const { rules } = await this.api.get<{ rules: Rule[] }>(this.#path)
      if (request !== this.#request) return
      this.list.value = rules
      this.problem.value = undefined
    } catch (error) {
      if (request === this.#request) this.problem.value = explain(error)
    }
  }

  /** A `rule_update` arrived, which does not contain the whole rule. */
  heard(): void {
    this.#timer ??= setTimeout(() => void this.refresh(), PAUSE)
  }

  /** Throws the server's refusal. */
  async save(draft: RuleDraft, id: string | undefined): Promise<void> {
    if (id === undefined) await this.api.post(this.#path, draft)
    else await this.api.patch(this.#one(id), draft)
    await this.refresh()
  }

  async activate(rule: Rule, isActive: boolean): Promise<void> {
    const { rule: changed } = await this.api.patch<{ rule: Rule }>(this.#one(rule.id), { is_active: isActive })
    this.list.value = this.list.value?.map((one) => (one.id === changed.id ? changed : one))
    await this.refresh()
  }

  async delete(rule: Rule): Promise<void> {
    await this.api.delete(this.#one(rule.id))
    await this.refresh()
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#request += 1
  }

  #one(id: string): string {
    return `${this.#path}/${encodeURIComponent(id)}`
  }
}
