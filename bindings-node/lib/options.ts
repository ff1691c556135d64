/** The options of a client. Durations are milliseconds. */

import { callback, count, duration, flag, number, object, text } from './arguments.js'
import type { CredentialsProvider } from './credentials.js'
import { invalid } from './errors.js'

/** The policy for reconnecting. */
export interface ReconnectPolicy {
  /** The first pause, in ms. Default 1000. */
  delay?: number
  /** The growth factor from one pause to the next; at least 1. Default 2. */
  factor?: number
  /** The longest pause, before jitter, in ms. Default 10000. */
  maxDelay?: number
  /** Give up after this many attempts in a row. Default `Infinity`. */
  attempts?: number
  /** 0.5 draws each pause from 0.5 to 1.5 times the delay; from 0 to 1. Default 0.5. */
  jitter?: number
  /** A connection that lasts this long, in ms, resets the count of attempts. Default 5000. */
  stableAfter?: number
  /** A hard limit, whatever the other settings: deployed servers lock out the tenth attempt. Default 9. */
  maxAttemptsPerMinute?: number
}

/** PEM text. */
export type Pem = string | Uint8Array

/** The options of a client. Durations are milliseconds. */
export interface ClientOptions {
  /**
   * Other addresses of the same server, or of servers on the same database. When a connection is lost or an attempt
   * fails, the client tries the next one at once, and keeps it while it works. Projects and cursors keep working. All
   * addresses receive the credentials.
   */
  fallbackUrls?: (string | URL)[]
  /** A project's API key. */
  apiKey?: string
  /**
   * The place of the key: the connection `query` as documented, the Socket.IO `auth` payload or the `X-API-Key`
   * `header`.
   */
  apiKeyVia?: 'query' | 'auth' | 'header'
  /** The value of the web session's cookie. */
  session?: string
  /** Log in through the web form, and again when the session has expired; needs `password`. */
  email?: string
  /** The password for `email`. It is kept for later logins, and shown nowhere. */
  password?: string
  /** Called before every attempt, with the reason. */
  credentials?: CredentialsProvider
  /** `auto` (default): WebSocket first, or HTTP long-polling where WebSocket fails. */
  transports?: 'auto' | 'websocket' | 'polling'
  /** `false`: the client ends when the connection is lost. */
  reconnect?: ReconnectPolicy | boolean
  /** Retry the first connection, too, according to `reconnect`. Default `false`. */
  retryFirstConnect?: boolean
  /** The reaction when the server ends the connection on purpose. Default `reconnect`. */
  onServerDisconnect?: 'reconnect' | 'stop'
  /** One deadline from the credentials to the namespace acknowledgement. Default 20000. */
  connectTimeout?: number
  /** The longest time until the server confirms a join. Default 10000. */
  joinTimeout?: number
  /** The longest wait of `emitWithAck`. Default 10000. */
  ackTimeout?: number
  /** The longest time of a REST call, including a login that it needs. Default 60000. */
  requestTimeout?: number
  /** The pause between two documented `heartbeat` events, at least 1000; `false` sends none. Default 30000. */
  heartbeatInterval?: number | false
  /** The number of events that each stream buffers for its reader, in at most 8 MiB. Default 1024. */
  eventBuffer?: number
  /**
   * The policy for a stream whose buffer is full. `replay`, the default, reads the events from the server's event log
   * later; without a log it drops the oldest. `drop_oldest` and `drop_newest` drop events, and a `lagged` takes their
   * place. `close` ends the stream with the error `overflow`.
   */
  overflow?: 'replay' | 'drop_oldest' | 'drop_newest' | 'close'
  /** The most events per minute that the client sends, at least 10; `false` lifts the limit. Default 100. */
  rateLimit?: number | false
  /** The recovery of events after an interruption. Default `auto`: replay, else REST, else a `gap`. */
  backfill?: 'auto' | 'replay' | 'off'
  /**
   * The pause between two REST requests for reviews of flagged items, in ms, at least 1000; `false`, the default, never
   * asks. It is for servers without an event log, which send no events for reviews. Each review arrives once, as a
   * `moderation_update` with the origin `backfill`. Needs an API key.
   */
  reviewPoll?: number | false
  /** Headers for every request. */
  headers?: Record<string, string>
  /** Parameters for the connection query. */
  query?: Record<string, string>
  /** `http://[user:password@]host:port`. Default: `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`. */
  proxy?: string
  /** Certificates of authorities to trust in addition to the platform's. */
  extraCa?: Pem | Pem[]
  /** The certificate to show to the server. */
  clientCertificate?: {
    /** The certificate, followed by those of the authorities between it and the root. */
    chain: Pem
    /** Its private key, unencrypted. */
    key: Pem
  }
  /** Accept any certificate; for tests only, because anyone can then intercept. Default `false`. */
  dangerAcceptInvalidCerts?: boolean
  /** `false`: awaited streams and event listeners don't keep the process running. Default `true`. */
  ref?: boolean
}

type Check = (name: string, value: unknown) => unknown

/** `false` or `null` switches it off. */
function switched(check: Check): Check {
  return (name, value) => (value === false || value === null ? null : check(name, value))
}

function attempts(name: string, value: unknown): number | null {
  return value === Number.POSITIVE_INFINITY || value === null ? null : count(name, value)
}

const POLICY: Record<keyof ReconnectPolicy, Check> = {
  delay: duration,
  factor: number,
  maxDelay: duration,
  attempts,
  jitter: number,
  stableAfter: duration,
  maxAttemptsPerMinute: count,
}

const CHECKS: Record<Exclude<keyof ClientOptions, 'credentials' | 'ref'>, Check> = {
  fallbackUrls: (name, value) => {
    if (!Array.isArray(value)) throw invalid(name, 'it must be an array of addresses')
    return value.map((one, at) => address(`${name}[${at}]`, one))
  },
  apiKey: text,
  apiKeyVia: text,
  session: text,
  email: text,
  password: text,
  transports: text,
  reconnect: (name, value) => {
    if (typeof value === 'boolean') return value ? {} : null
    return checked(value, POLICY, name)
  },
  retryFirstConnect: flag,
  onServerDisconnect: text,
  connectTimeout: duration,
  joinTimeout: duration,
  ackTimeout: duration,
  requestTimeout: duration,
  heartbeatInterval: switched(duration),
  eventBuffer: count,
  overflow: text,
  rateLimit: switched(count),
  backfill: text,
  reviewPoll: switched(duration),
  headers: pairs,
  query: pairs,
  proxy: text,
  extraCa: (name, value) => (Array.isArray(value) ? value : [value]).map((one) => pem(name, one)),
  clientCertificate: (name, value) => {
    const { chain, key } = object(name, value)
    return [pem(`${name}.chain`, chain), pem(`${name}.key`, key)]
  },
  dangerAcceptInvalidCerts: flag,
}

function address(name: string, value: unknown): string {
  return text(name, value instanceof URL ? value.href : value)
}

function pairs(name: string, value: unknown): [string, string][] {
  return Object.entries(object(name, value)).map(([key, one]) => [key, text(`${name}.${key}`, one)])
}

function pem(name: string, value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString()
  return text(name, value)
}

function checked(values: unknown, checks: Record<string, Check>, within?: string): Record<string, unknown> {
  const known: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(object(within ?? 'options', values))) {
    const path = within ? `${within}.${name}` : name
    if (!Object.hasOwn(checks, name)) throw invalid(path, 'unknown option')
    if (value !== undefined) known[name] = checks[name]?.(path, value)
  }
  return known
}

/** The options for the native module, as JSON. */
export function written(url: string | URL, options: ClientOptions): string {
  const { credentials, ref, ...rest } = object('options', options) as ClientOptions
  if (credentials !== undefined) callback('credentials', credentials)
  if (ref !== undefined) flag('ref', ref)
  return JSON.stringify({ ...checked(rest, CHECKS), url: address('url', url) })
}
