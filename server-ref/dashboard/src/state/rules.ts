// The rules of a project.

import { signal } from '@preact/signals'
import { type Api, errorMessage } from '../api/http.ts'
import type { Rule, RuleDraft } from '../api/types.ts'

/**
 * Delay in milliseconds from a `rule_update` to the request that it causes. Further updates during the delay cause no
 * further request.
 */
const REFRESH_DELAY = 300

export class Rules {
  readonly list = signal<readonly Rule[] | undefined>(undefined)
  readonly problem = signal<string | undefined>(undefined)
  readonly #path: string
  #timer: ReturnType<typeof setTimeout> | undefined
  #lastRequest = 0

  constructor(
    private readonly api: Api,
    projectId: string,
  ) {
    this.#path = `/api/projects/${encodeURIComponent(projectId)}/rules`
  }

  async refresh(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#lastRequest += 1
    const request = this.#lastRequest
    try {
      const { rules } = await this.api.get<{ rules: Rule[] }>(this.#path)
      if (request !== this.#lastRequest) return
      this.list.value = rules
      this.problem.value = undefined
    } catch (error) {
      if (request === this.#lastRequest) this.problem.value = errorMessage(error)
    }
  }

  /** Requests the rules after a delay. Must be called after a `rule_update`, which does not contain the whole rule. */
  refreshSoon(): void {
    this.#timer ??= setTimeout(() => void this.refresh(), REFRESH_DELAY)
  }

  /** Creates a rule or, if `id` is given, changes the rule with this id. Throws if the request fails. */
  async save(draft: RuleDraft, id: string | undefined): Promise<void> {
    if (id === undefined) await this.api.post(this.#path, draft)
    else await this.api.patch(this.#rulePath(id), draft)
    await this.refresh()
  }

  async setActive(rule: Rule, isActive: boolean): Promise<void> {
    const { rule: changed } = await this.api.patch<{ rule: Rule }>(this.#rulePath(rule.id), { is_active: isActive })
    this.list.value = this.list.value?.map((one) => (one.id === changed.id ? changed : one))
    await this.refresh()
  }

  async delete(rule: Rule): Promise<void> {
    await this.api.delete(this.#rulePath(rule.id))
    await this.refresh()
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#lastRequest += 1
  }

  #rulePath(id: string): string {
    return `${this.#path}/${encodeURIComponent(id)}`
  }
}
