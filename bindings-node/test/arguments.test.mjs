/** Invalid arguments throw a `TypeError` that names the argument, and never crash the process. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { AutoModerateError, Client } from '../dist/index.mjs'
import * as clients from './support/clients.mjs'
import { startReference } from './support/servers.mjs'

const ANY_URL = 'http://localhost'

/** Returns a function that asserts that an error is a `TypeError` whose message begins with this argument's name. */
const isTypeErrorNaming = (name) => (error) => {
  assert.ok(error instanceof TypeError, String(error?.stack ?? error))
  assert.ok(error instanceof AutoModerateError)
  assert.deepEqual([error.code, error.retryable], ['invalid_argument', false])
  assert.ok(error.message.startsWith(`${name}: `) || error.message.startsWith(`${name},`), `${name}: ${error.message}`)
  return true
}

test('invalid options throw an error that names the option', async () => {
  const cases = [
    [{ apiKey: 7 }, 'apiKey'],
    [{ apiKey: '' }, 'apiKey'],
    [{ apiKey: 'a\nb' }, 'apiKey'],
    [{ fallbackUrls: 'http://b' }, 'fallbackUrls'],
    [{ fallbackUrls: ['http://b', 7] }, 'fallbackUrls[1]'],
    [{ fallbackUrls: ['ftp://b'] }, 'fallbackUrls[0]'],
    [{ apiKeyVia: 'post' }, 'apiKeyVia'],
    [{ session: {} }, 'session'],
    [{ email: 'a@b' }, 'password'],
    [{ password: 'x' }, 'email'],
    [{ credentials: 7 }, 'credentials'],
    [{ credentials: () => 'k', session: 's' }, 'credentials'],
    [{ transports: 'pigeon' }, 'transports'],
    [{ transports: ['websocket'] }, 'transports'],
    [{ reconnect: 7 }, 'reconnect'],
    [{ reconnect: { jitter: 3 } }, 'reconnect.jitter'],
    [{ reconnect: { attempts: -1 } }, 'reconnect.attempts'],
    [{ reconnect: { attempts: 1.5 } }, 'reconnect.attempts'],
    [{ reconnect: { delay: '1s' } }, 'reconnect.delay'],
    [{ reconnect: { factor: 0.5 } }, 'reconnect.factor'],
    [{ reconnect: { maxDelay: 10 } }, 'reconnect.maxDelay'],
    [{ reconnect: { maxAttemptsPerMinute: 0 } }, 'reconnect.maxAttemptsPerMinute'],
    [{ reconnect: { delays: 1 } }, 'reconnect.delays'],
    [{ reconnect: { stableAfter: 1e12 } }, 'reconnect.delay'],
    [{ retryFirstConnect: 'yes' }, 'retryFirstConnect'],
    [{ onServerDisconnect: 'cry' }, 'onServerDisconnect'],
    [{ connectTimeout: 'soon' }, 'connectTimeout'],
    [{ connectTimeout: -1 }, 'connectTimeout'],
    [{ joinTimeout: 0 }, 'joinTimeout'],
    [{ ackTimeout: Number.NaN }, 'ackTimeout'],
    [{ ackTimeout: 1e300 }, 'ackTimeout'],
    [{ requestTimeout: 0 }, 'requestTimeout'],
    [{ heartbeatInterval: 100 }, 'heartbeatInterval'],
    [{ eventBuffer: 0 }, 'eventBuffer'],
    [{ eventBuffer: 1.5 }, 'eventBuffer'],
    [{ eventBuffer: 10n }, 'eventBuffer'],
    [{ overflow: 'drop_all' }, 'overflow'],
    [{ rateLimit: 3 }, 'rateLimit'],
    [{ backfill: 'no' }, 'backfill'],
    [{ reviewPoll: 500 }, 'reviewPoll'],
    [{ reviewPoll: true }, 'reviewPoll'],
    [{ headers: [['a', 'b']] }, 'headers'],
    [{ headers: { 'a b': 'c' } }, 'headers'],
    [{ headers: { a: 1 } }, 'headers.a'],
    [{ query: { a: null } }, 'query.a'],
    [{ proxy: 'socks://x' }, 'proxy'],
    [{ extraCa: 7 }, 'extraCa'],
    [{ extraCa: ['no pem'] }, 'extraCa'],
    [{ clientCertificate: { chain: 'c' } }, 'clientCertificate.key'],
    [{ dangerAcceptInvalidCerts: 'yes' }, 'dangerAcceptInvalidCerts'],
    [{ ref: 1 }, 'ref'],
    [{ apikey: 'k' }, 'apikey'],
    [null, 'options'],
    [[], 'options'],
    ['am_key', 'options'],
  ]
  for (const [options, name] of cases) {
    assert.throws(() => new Client(ANY_URL, options), isTypeErrorNaming(name))
    await assert.rejects(Client.connect(ANY_URL, options), isTypeErrorNaming(name))
  }
  for (const url of [undefined, null, 7, {}, '', 'localhost:1', 'ftp://x', 'http://', 'http://u:p@h']) {
    assert.throws(() => new Client(url), isTypeErrorNaming('url'))
  }
  await assert.rejects(Client.connect(ANY_URL, { signal: 7 }), isTypeErrorNaming('signal'))
  // Error messages must not contain secrets.
  for (const options of [{ apiKey: 'hush\n' }, { password: 'hush' }, { headers: { authorization: 'hush\n' } }]) {
    assert.throws(
      () => new Client(ANY_URL, options),
      (error) => !String(error.stack).includes('hush'),
    )
  }
})

test('null and false disable an option, and undefined leaves the default', () => {
  for (const options of [
    { heartbeatInterval: false, rateLimit: false, reconnect: false },
    { heartbeatInterval: null, rateLimit: null },
    { reconnect: true },
    { reconnect: { attempts: Number.POSITIVE_INFINITY, delay: undefined } },
    { apiKey: undefined, reconnect: undefined },
    {},
    undefined,
  ]) {
    assert.equal(new Client(ANY_URL, options).state, 'idle')
  }
})

test('invalid arguments throw an error that names the argument', async (t) => {
  const server = await startReference(t)
  const { client, project } = await clients.join(t, server)
  const circular = {}
  circular.self = circular
  let deep = 1
  for (let level = 0; level < 200; level++) deep = [deep]
  let deeper = 1
  for (let level = 0; level < 100_000; level++) deeper = [deeper]
  const stream = client.events()
  const cases = [
    [() => client.join(''), 'project'],
    [() => client.join(7), 'project'],
    [() => client.join(), 'project'],
    [() => client.join('p', 'after'), 'options'],
    [() => client.join('p', { signal: 1 }), 'signal'],
    [() => client.join('p', { afterr: '3' }), 'afterr'],
    [() => client.emit(''), 'name'],
    [() => client.emit('connect'), 'name'],
    [() => client.emit(Symbol('x')), 'name'],
    [() => client.emit('x', circular), 'data'],
    [() => client.emit('x', 1n), 'data'],
    [() => client.emit('x', () => {}), 'data'],
    [() => client.emit('x', deep), 'data'],
    [() => client.emitWithAck('x', deeper), 'data'],
    [
      () =>
        client.emit('x', {
          toJSON: () => {
            throw new Error('own')
          },
        }),
      'data',
    ],
    [() => client.moderate(), 'content'],
    [() => client.moderate('x', { type: 1 }), 'type'],
    [() => client.moderate('x', { metadata: circular }), 'metadata'],
    [() => client.moderate('x', { metadata: deep }), 'metadata'],
    [() => client.moderateBatch(), 'items'],
    [() => client.moderateBatch('x'), 'items'],
    [() => client.moderateBatch({ content: 'x' }), 'items'],
    [() => client.moderateBatch(['x', 7]), 'items[1]'],
    [() => client.moderateBatch([['x']]), 'items[0]'],
    [() => client.moderateBatch([{}]), 'items[0].content'],
    [() => client.moderateBatch([{ content: 'x', type: 1 }]), 'items[0].type'],
    [() => client.moderateBatch([{ content: 'x', metadata: circular }]), 'items[0].metadata'],
    [() => client.moderateBatch(['x', { content: 'x', metadata: deep }]), 'items[1].metadata'],
    [() => client.moderateBatch([{ content: 'x', meta_data: {} }]), 'items[0].meta_data'],
    [() => client.moderateBatch(['x'], { metadata: {} }), 'metadata'],
    [() => client.moderateBatch(['x'], { idempotencyKey: 7 }), 'idempotencyKey'],
    [() => client.moderateBatch(['x'], { idempotencyKey: 'k'.repeat(241) }), 'idempotencyKey'],
    [() => client.content(''), 'id'],
    [() => client.content(1), 'id'],
    [() => client.contentsPage(0), 'page'],
    [() => client.contentsPage('1'), 'page'],
    [() => client.contentsPage(1, { perPage: -1 }), 'perPage'],
    [() => client.contentsPage(1, { status: 1 }), 'status'],
    [() => stream.nextBatch(0), 'max'],
    [() => stream.nextBatch('x'), 'max'],
    [() => stream.nextBatch(1, { signal: {} }), 'signal'],
    [() => client.health(7), 'options'],
    [() => client.health({ timeout: 7 }), 'timeout'],
    [() => client.moderate('x', { meta_data: {} }), 'meta_data'],
    [async () => client.contents({ perPage: 'x' }), 'perPage'],
    [async () => client.events('no_such_kind'), 'kind'],
    [async () => client.events(7), 'kind'],
    [async () => client.events('__proto__'), 'kind'],
    [() => project.snapshot({ timeout: 7 }), 'timeout'],
    [async () => project.events('gap', 7), 'options'],
    [async () => project.events({ signal: 'x' }), 'signal'],
    [async () => project.events({ kind: 'gap' }), 'kind'],
    [async () => stream.throttle(), 'ms'],
    [async () => stream.throttle(-1), 'ms'],
    [async () => stream.throttle('1s'), 'ms'],
    [async () => client.on('no_such_event', () => {}), 'name'],
    [async () => client.on('toString', () => {}), 'name'],
    [async () => client.on(7, () => {}), 'name'],
    [async () => client.on('state'), 'listener'],
    [async () => client.once('gap', {}), 'listener'],
    [async () => client.off('gap'), 'listener'],
  ]
  for (const [call, name] of cases) await assert.rejects(call, isTypeErrorNaming(name), call.toString())
  assert.equal((await client.health()).status.length > 0, true)
  // No item was submitted.
  assert.equal((await client.statistics()).total_content, 0)
})

test('no argument crashes the process', async (t) => {
  const server = await startReference(t)
  const { client, project } = await clients.join(t, server)
  const strangeValues = [
    undefined,
    null,
    true,
    0,
    -1,
    1.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2 ** 53,
    1n,
    '',
    'x',
    '\u0000',
    '\ud800',
    'x'.repeat(1e5),
    Symbol('s'),
    [],
    [[]],
    {},
    Object.create(null),
    new Proxy({}, {}),
    new Proxy(() => {}, {}),
    () => {},
    class {},
    /x/,
    new Date(Number.NaN),
    new Map(),
    new Uint8Array(8),
    new SharedArrayBuffer(8),
    new WeakMap(),
    Promise.resolve(),
    { signal: 7 },
    { after: {} },
    {
      get signal() {
        throw new Error('getter')
      },
    },
    { toString: null, valueOf: null },
  ]
  const stream = project.events()
  const methodNames = (object) => Object.getOwnPropertyNames(Object.getPrototypeOf(object))
  const skippedMethods = new Set([
    'constructor',
    'close',
    'leave',
    'next',
    'nextBatch',
    'return',
    'ref',
    'unref',
    'connect',
    'networkChanged',
  ])
  const outcomes = []
  let calls = 0
  let seed = 7
  const pickStrange = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
    return strangeValues[seed % strangeValues.length]
  }
  for (const object of [client, project, stream]) {
    for (const name of methodNames(object).filter((name) => !skippedMethods.has(name))) {
      const { value: method } = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(object), name)
      for (let round = 0; method && round < 40; round++) {
        try {
          const outcome = method.call(object, pickStrange(), pickStrange(), pickStrange())
          calls++
          if (outcome instanceof Promise) outcomes.push(outcome.catch(() => {}))
          await nextTurn()
        } catch {
          // Any error is acceptable.
        }
        try {
          await method.call(pickStrange(), pickStrange())
        } catch {
          // A method called on a value of another type usually throws, and must not crash the process.
        }
      }
    }
  }
  for (let round = 0; round < 300; round++) {
    for (const make of [
      () => new Client(pickStrange(), pickStrange()),
      () => new Client(ANY_URL, { [['apiKey', 'headers', 'reconnect', 'extraCa'][round % 4]]: pickStrange() }),
    ]) {
      try {
        make()
      } catch (error) {
        assert.ok(error instanceof Error)
      }
    }
  }
  assert.ok(calls > 100)
  client.removeAllListeners()
  assert.ok((await client.health()).status)
  // After `close`, every pending call settles.
  await client.close()
  await Promise.all(outcomes)
})
