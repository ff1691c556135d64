/** Client options. All durations are in milliseconds. */

import {
  checkBoolean,
  checkCount,
  checkDuration,
  checkFunction,
  checkNumber,
  checkObject,
  checkString,
} from './arguments.js'
import type { CredentialsProvider } from './credentials.js'
import { invalidArgument } from './errors.js'

/** Reconnection policy. */
export interface ReconnectPolicy {
  /** First delay, in ms. Default 1000. */
  delay?: number
  /** Factor by which the delay grows after each failed attempt; at least 1. Default 2. */
  factor?: number
  /** Maximum delay in ms, before jitter. Default 10000, or `delay` if `delay` is longer. */
  maxDelay?: number
  /**
   * Number of attempts after which the client gives up, counted from the last stable connection. Default `Infinity`.
   */
  attempts?: number
  /**
   * Jitter, from 0 to 1. Each delay, except the short one before the first attempt at another URL, is multiplied by a
   * random number from `1 - jitter` to `1 + jitter`. Default 0.5.
   */
  jitter?: number
  /**
   * Duration, in ms, after which a connection counts as stable and the attempt counter is reset. Default 5000.
   */
  stableAfter?: number
  /**
   * Maximum number of attempts per minute. Deployed servers lock out a client at its tenth attempt within a minute.
   * Default 9.
   */
  maxAttemptsPerMinute?: number
}

/** Text in PEM format. */
export type Pem = string | Uint8Array

/** Client options. All durations are in milliseconds. */
export interface ClientOptions {
  /**
   * Other URLs of the same server, or of servers that share its database; they must be `https` if the main URL is. When
   * a connection is lost or an attempt fails, the client tries the next URL, and stays with a URL that works. Joined
   * projects and cursors remain valid. The credentials are sent to all URLs.
   */
  fallbackUrls?: (string | URL)[]
  /** API key of a project. */
  apiKey?: string
  /**
   * Location of the API key: the connection `query` (the default, as documented), the Socket.IO `auth` payload, or the
   * `X-API-Key` `header`.
   */
  apiKeyVia?: 'query' | 'auth' | 'header'
  /** Value of the web session cookie. */
  session?: string
  /**
   * Email address for a login through the web form. The client logs in again when the session expires. Requires
   * `password`.
   */
  email?: string
  /**
   * Password for `email`. It is kept in memory for later logins, and redacted in logs and errors if it has at least six
   * bytes.
   */
  password?: string
  /** Function that returns the credentials for each connection attempt and, unless `apiKey` is set, for REST calls. */
  credentials?: CredentialsProvider
  /** Transports to use. `auto`, the default, tries WebSocket first and falls back to HTTP long-polling. */
  transports?: 'auto' | 'websocket' | 'polling'
  /**
   * Reconnection policy. With `false`, the client closes when the connection is lost. Default `true`, which means the
   * default policy.
   */
  reconnect?: ReconnectPolicy | boolean
  /** True if the first connection is also retried according to `reconnect`. Default `false`. */
  retryFirstConnect?: boolean
  /** Action to take when the server closes the connection on purpose. Default `reconnect`. */
  onServerDisconnect?: 'reconnect' | 'stop'
  /**
   * Time limit for a connection attempt, from requesting the credentials to the namespace acknowledgement. Default
   * 20000.
   */
  connectTimeout?: number
  /** Time limit for the server to confirm a join. Default 10000. */
  joinTimeout?: number
  /** Time limit for the acknowledgement in `emitWithAck`. Default 10000. */
  ackTimeout?: number
  /** Time limit for a REST call, including any login. Default 60000. */
  requestTimeout?: number
  /** Interval between the documented `heartbeat` events, at least 1000; `false` disables them. Default 30000. */
  heartbeatInterval?: number | false
  /**
   * Maximum number of events that each stream buffers for its reader. The buffer is also limited to 8 MiB. Default
   * 1024.
   */
  eventBuffer?: number
  /**
   * Policy for full stream buffers. `replay`, the default, reads the excess events from the server's event log later;
   * to make room for an event that is not in a log, it drops the oldest event or, if that one is in a log, the new
   * event. `drop_oldest` always drops the oldest event, and `drop_newest` the new event. Under these three policies, a
   * `lagged` event takes the place of the dropped events, and a `gap` is never lost. `close` ends the stream with the
   * error `overflow` after its buffered events.
   */
  overflow?: 'replay' | 'drop_oldest' | 'drop_newest' | 'close'
  /**
   * Maximum number of events that the client sends per minute on each connection, at least 10; `false` removes the
   * limit. One fifth of the limit is reserved for joins, leaves, replays and heartbeats. Default 100.
   */
  rateLimit?: number | false
  /**
   * Method of recovering events missed during an interruption, or since the cursor passed to `join`. `auto`, the
   * default, uses the server's event log; if the server has no log, it recovers decisions over REST or, without an API
   * key, reports a `gap`. `replay` never uses REST. `off` recovers no events, and reports a `gap` instead.
   */
  backfill?: 'auto' | 'replay' | 'off'
  /**
   * Interval at which REST is polled for reviews of flagged items, in ms, at least 1000. `false`, the default, disables
   * polling. Only servers without an event log are polled, because they send no events for reviews. Each review is
   * delivered once, as a `moderation_update` with the origin `backfill`. Requires an API key.
   */
  reviewPoll?: number | false
  /** HTTP headers to send with every request. */
  headers?: Record<string, string>
  /** Parameters to add to the connection query. */
  query?: Record<string, string>
  /**
   * HTTP proxy, as `http://[user:password@]host:port`. By default, the environment variables `HTTPS_PROXY`,
   * `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` apply.
   */
  proxy?: string
  /** CA certificates to trust in addition to the platform's. */
  extraCa?: Pem | Pem[]
  /** Client certificate for mutual TLS. */
  clientCertificate?: {
    /** Client certificate, followed by any intermediate certificates. */
    chain: Pem
    /** Private key of the certificate, unencrypted. */
    key: Pem
  }
  /**
   * True if the client accepts every server certificate, even an invalid one. Use this option only in tests, because it
   * lets anyone intercept the connection. Default `false`.
   */
  dangerAcceptInvalidCerts?: boolean
  /** True if awaited streams and event listeners keep the process running. Default `true`. */
  ref?: boolean
}

type Check = (name: string, value: unknown) => unknown

/** Wraps a check so that `false` and `null` disable the option. */
function nullIfOff(check: Check): Check {
  return (name, value) => (value === false || value === null ? null : check(name, value))
}

function checkAttempts(name: string, value: unknown): number | null {
  return value === Number.POSITIVE_INFINITY || value === null ? null : checkCount(name, value)
}

const POLICY_CHECKS: Record<keyof ReconnectPolicy, Check> = {
  delay: checkDuration,
  factor: checkNumber,
  maxDelay: checkDuration,
  attempts: checkAttempts,
  jitter: checkNumber,
  stableAfter: checkDuration,
  maxAttemptsPerMinute: checkCount,
}

const OPTION_CHECKS: Record<Exclude<keyof ClientOptions, 'credentials' | 'ref'>, Check> = {
  fallbackUrls: (name, value) => {
    if (!Array.isArray(value)) throw invalidArgument(name, 'expected an array of URLs')
    return value.map((one, at) => checkUrl(`${name}[${at}]`, one))
  },
  apiKey: checkString,
  apiKeyVia: checkString,
  session: checkString,
  email: checkString,
  password: checkString,
  transports: checkString,
  reconnect: (name, value) => {
    if (typeof value === 'boolean') return value ? {} : null
    return checkAll(value, POLICY_CHECKS, name)
  },
  retryFirstConnect: checkBoolean,
  onServerDisconnect: checkString,
  connectTimeout: checkDuration,
  joinTimeout: checkDuration,
  ackTimeout: checkDuration,
  requestTimeout: checkDuration,
  heartbeatInterval: nullIfOff(checkDuration),
  eventBuffer: checkCount,
  overflow: checkString,
  rateLimit: nullIfOff(checkCount),
  backfill: checkString,
  reviewPoll: nullIfOff(checkDuration),
  headers: checkPairs,
  query: checkPairs,
  proxy: checkString,
  extraCa: (name, value) => (Array.isArray(value) ? value : [value]).map((one) => checkPem(name, one)),
  clientCertificate: (name, value) => {
    const { chain, key } = checkObject(name, value)
    return [checkPem(`${name}.chain`, chain), checkPem(`${name}.key`, key)]
  },
  dangerAcceptInvalidCerts: checkBoolean,
}

function checkUrl(name: string, value: unknown): string {
  return checkString(name, value instanceof URL ? value.href : value)
}

function checkPairs(name: string, value: unknown): [string, string][] {
  return Object.entries(checkObject(name, value)).map(([key, one]) => [key, checkString(`${name}.${key}`, one)])
}

function checkPem(name: string, value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString()
  return checkString(name, value)
}

function checkAll(values: unknown, checks: Record<string, Check>, parent?: string): Record<string, unknown> {
  const known: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(checkObject(parent ?? 'options', values))) {
    const path = parent ? `${parent}.${name}` : name
    if (!Object.hasOwn(checks, name)) throw invalidArgument(path, 'unknown option')
    if (value !== undefined) known[name] = checks[name]?.(path, value)
  }
  return known
}

/** Checks the options and serializes them for the native module. */
export function optionsToJson(url: string | URL, options: ClientOptions): string {
  const { credentials, ref, ...rest } = checkObject('options', options) as ClientOptions
  if (credentials !== undefined) checkFunction('credentials', credentials)
  if (ref !== undefined) checkBoolean('ref', ref)
  return JSON.stringify({ ...checkAll(rest, OPTION_CHECKS), url: checkUrl('url', url) })
}
