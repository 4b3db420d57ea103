// node-redis 5 unchanged, in the protocol that argument 1 names (2 or 3): every stream command, and what programs use
// beside them. The library gives the same objects in both protocols, but for XREAD and XREADGROUP (see streams).

import { BasicClientSideCache, ErrorReply, RESP_TYPES, WatchError, createClient } from 'redis';

import { blocked, control, equal, fails, port, runAll, test, waitUntil } from './harness.mjs';

const RESP = Number(process.argv[2]);
const FAR = 3_600_000;

const entry = (n) => ({ id: `${n}-1`, message: { n: String(n) } });
const plain = (value) => JSON.parse(JSON.stringify(value));

// The reply of XREAD and XREADGROUP; in RESP3 the library leaves it as the server sent it (its option unstableResp3).
const streams = (reply) => (RESP === 2 || reply === null ? plain(reply) : Object.entries(reply).map(toStream));
const toStream = ([name, entries]) => ({ name, messages: entries.map(toMessage) });
const toMessage = ([id, flat]) => ({ id, message: toObject(flat) });

function toObject(flat) {
  const object = {};
  for (let i = 0; i < flat.length; i += 2) object[flat[i]] = flat[i + 1];
  return object;
}

const ids = (entries) => entries.map(({ id }) => id);

async function threeEntries(client, key = 's') {
  for (const { id, message } of [1, 2, 3].map(entry)) await client.xAdd(key, id, message);
}

/** Three entries, two of them delivered to alice and one to bob. */
async function groupWithPending(client) {
  await threeEntries(client);
  await client.xGroupCreate('s', 'g', '0');
  await client.xReadGroup('g', 'alice', { key: 's', id: '>' }, { COUNT: 2 });
  await client.xReadGroup('g', 'bob', { key: 's', id: '>' }, { COUNT: 1 });
}

test('XADD', async (client) => {
  equal(await client.xAdd('s', '1526919030474-55', { name: 'Sara', surname: 'OConnor' }), '1526919030474-55');
  equal(await client.xAdd('s', '1526919030474-*', { name: 'Ann' }), '1526919030474-56');
  equal((await client.xAdd('s', '*', { n: '1' })).endsWith('-0'), true);
  equal(await client.xAddNoMkStream('none', '*', { n: '1' }), null);
  await fails(client.xAdd('s', '1-1', { n: '1' }), 'ERR The ID specified in XADD is equal or smaller');
});

test('XADD of binary values', async (client) => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  await client.xAdd('s', '1-1', { raw: bytes });
  const buffers = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  const [{ message }] = await buffers.xRange('s', '-', '+');
  equal(Buffer.compare(message.raw, bytes), 0);
});

test('XADD that trims, XTRIM', async (client) => {
  const TRIM = { strategy: 'MAXLEN', strategyModifier: '=', threshold: 3 };
  for (let n = 1; n <= 5; n += 1) await client.xAdd('s', `${n}-0`, { n: String(n) }, { TRIM });
  equal(ids(await client.xRange('s', '-', '+')), ['3-0', '4-0', '5-0']);
  equal(await client.xTrim('s', 'MAXLEN', 2), 1);
  equal(await client.xTrim('s', 'MAXLEN', 100, { strategyModifier: '~', LIMIT: 10 }), 0);
  equal(await client.xTrim('s', 'MINID', 6), 2);
  equal([await client.xLen('s'), await client.exists('s'), await client.type('s')], [0, 1, 'stream']);
});

test('XLEN, XRANGE, XREVRANGE', async (client) => {
  equal([await client.xLen('s'), await client.xRange('s', '-', '+')], [0, []]);
  await threeEntries(client);
  equal(await client.xLen('s'), 3);
  equal(plain(await client.xRange('s', '-', '+')), [1, 2, 3].map(entry));
  equal(plain(await client.xRange('s', '(1-1', '+', { COUNT: 1 })), [entry(2)]);
  equal(plain(await client.xRevRange('s', '+', '-', { COUNT: 2 })), [entry(3), entry(2)]);
  await fails(client.xRange('s', 'x', '+'), 'ERR Invalid stream ID specified as stream command argument');
});

test('XDEL', async (client) => {
  await threeEntries(client);
  equal(await client.xDel('s', ['2-1', '9-9']), 1);
  equal(ids(await client.xRange('s', '-', '+')), ['1-1', '3-1']);
});

test('XREAD', async (client) => {
  await threeEntries(client);
  await client.xAdd('t', '7-0', { a: 'b' });
  const from = [
    { key: 's', id: '2-1' },
    { key: 't', id: '0' },
  ];
  equal(streams(await client.xRead(from, { COUNT: 5 })), [
    { name: 's', messages: [entry(3)] },
    { name: 't', messages: [{ id: '7-0', message: { a: 'b' } }] },
  ]);
  equal(await client.xRead({ key: 's', id: '$' }), null);
  equal(await client.xRead({ key: 's', id: '$' }, { BLOCK: 10 }), null);
});

test('XREAD that blocks', async (client) => {
  const reader = await client.duplicate().connect();
  const answer = reader.xRead({ key: 's', id: '$' }, { BLOCK: 5000 });
  await waitUntil(() => blocked(1));
  await client.xAdd('s', '5-5', { a: 'b' });
  equal(streams(await answer), [{ name: 's', messages: [{ id: '5-5', message: { a: 'b' } }] }]);
  reader.destroy();
});

test('XGROUP', async (client) => {
  await fails(client.xGroupCreate('s', 'g', '$'), 'ERR The XGROUP subcommand requires the key to exist');
  equal(await client.xGroupCreate('s', 'g', '$', { MKSTREAM: true }), 'OK');
  await fails(client.xGroupCreate('s', 'g', '$'), 'BUSYGROUP Consumer Group name already exists');
  await threeEntries(client);
  equal(await client.xGroupSetId('s', 'g', '2-1'), 'OK');
  equal(await client.xGroupCreateConsumer('s', 'g', 'alice'), 1);
  equal(await client.xGroupCreateConsumer('s', 'g', 'alice'), 0);
  await client.xReadGroup('g', 'alice', { key: 's', id: '>' });
  equal(await client.xGroupDelConsumer('s', 'g', 'alice'), 1);
  equal([await client.xGroupDestroy('s', 'g'), await client.xGroupDestroy('s', 'g')], [1, 0]);
});

test('XREADGROUP', async (client) => {
  await threeEntries(client);
  const read = async (name, id, options) => streams(await client.xReadGroup('g', name, { key: 's', id }, options));
  await fails(read('alice', '>'), 'NOGROUP');
  await client.xGroupCreate('s', 'g', '0');
  equal(await read('alice', '>', { COUNT: 1 }), [{ name: 's', messages: [entry(1)] }]);
  equal(await read('bob', '>'), [{ name: 's', messages: [entry(2), entry(3)] }]);
  equal(await read('bob', '>', { BLOCK: 10 }), null);
  equal(await read('alice', '0'), [{ name: 's', messages: [entry(1)] }]);
  await client.xAdd('s', '4-1', { n: '4' });
  equal(await read('bob', '>', { NOACK: true }), [{ name: 's', messages: [entry(4)] }]);
});

test('XREADGROUP that blocks, two workers share', async (client) => {
  await client.xGroupCreate('s', 'g', '$', { MKSTREAM: true });
  const workers = [await client.duplicate().connect(), await client.duplicate().connect()];
  const read = (i) => workers[i].xReadGroup('g', `w${i}`, { key: 's', id: '>' }, { COUNT: 1, BLOCK: 5000 });
  const first = read(0);
  await waitUntil(() => blocked(1));
  const second = read(1);
  await waitUntil(() => blocked(2));
  await client.xAdd('s', '1-1', { n: '1' });
  equal(streams(await first), [{ name: 's', messages: [entry(1)] }]);
  await client.xAdd('s', '2-1', { n: '2' });
  equal(streams(await second), [{ name: 's', messages: [entry(2)] }]);
  for (const worker of workers) worker.destroy();
});

test('XACK', async (client) => {
  await groupWithPending(client);
  equal(await client.xAck('s', 'g', ['1-1', '3-1', '9-9']), 2);
  equal(await client.xAck('none', 'g', '1-1'), 0);
});

test('XPENDING', async (client) => {
  await groupWithPending(client);
  const consumers = [
    { name: 'alice', deliveriesCounter: 2 },
    { name: 'bob', deliveriesCounter: 1 },
  ];
  equal(plain(await client.xPending('s', 'g')), { pending: 3, firstId: '1-1', lastId: '3-1', consumers });
  const records = await client.xPendingRange('s', 'g', '-', '+', 10, { consumer: 'alice' });
  equal(records.map((record) => [record.id, record.consumer, record.deliveriesCounter]), [
    ['1-1', 'alice', 1],
    ['2-1', 'alice', 1],
  ]);
  equal(await client.xPendingRange('s', 'g', '-', '+', 10, { IDLE: FAR }), []);
  await client.xAck('s', 'g', ['1-1', '2-1', '3-1']);
  equal(plain(await client.xPending('s', 'g')), { pending: 0, firstId: null, lastId: null, consumers: null });
});

test('XCLAIM', async (client) => {
  await groupWithPending(client);
  equal(await client.xClaim('s', 'g', 'bob', FAR, '1-1'), []);
  equal(plain(await client.xClaim('s', 'g', 'bob', 0, '1-1')), [entry(1)]);
  equal(await client.xClaimJustId('s', 'g', 'bob', 0, ['1-1', '2-1']), ['1-1', '2-1']);
  await client.xClaim('s', 'g', 'carol', 0, '2-1', { IDLE: 60000, RETRYCOUNT: 7 });
  const [record] = await client.xPendingRange('s', 'g', '-', '+', 10, { consumer: 'carol' });
  equal([record.id, record.millisecondsSinceLastDelivery >= 60000, record.deliveriesCounter], ['2-1', true, 7]);
});

test('XAUTOCLAIM', async (client) => {
  await groupWithPending(client);
  const first = await client.xAutoClaim('s', 'g', 'carol', 0, '0', { COUNT: 2 });
  equal(plain(first), { nextId: '3-1', messages: [entry(1), entry(2)], deletedMessages: [] });
  const rest = await client.xAutoClaimJustId('s', 'g', 'carol', 0, '3-1');
  equal(plain(rest), { nextId: '0-0', messages: ['3-1'], deletedMessages: [] });
  await client.xDel('s', '2-1');
  const last = await client.xAutoClaim('s', 'g', 'carol', 0, '2-1');
  equal(plain(last), { nextId: '0-0', messages: [entry(3)], deletedMessages: ['2-1'] });
});

test('XINFO', async (client) => {
  await groupWithPending(client);
  const stream = await client.xInfoStream('s');
  equal([stream.length, stream.groups, stream['last-generated-id']], [3, 1, '3-1']);
  equal(plain([stream['first-entry'], stream['last-entry']]), [entry(1), entry(3)]);
  const [group] = plain(await client.xInfoGroups('s'));
  const want = { name: 'g', consumers: 2, pending: 3, 'last-delivered-id': '3-1', 'entries-read': 3, lag: 0 };
  equal(group, want);
  const consumers = await client.xInfoConsumers('s', 'g');
  equal(consumers.map(({ name, pending }) => [name, pending]), [
    ['alice', 2],
    ['bob', 1],
  ]);
  await fails(client.xInfoStream('none'), 'ERR no such key');
});

test('XINFO CONSUMERS, inactive', async (client) => {
  await groupWithPending(client);
  const [alice] = await client.xInfoConsumers('s', 'g');
  equal(alice.inactive >= 0, true);
}, { since: '7.2' });

test('XSETID', async (client) => {
  await threeEntries(client);
  equal(await client.xSetId('s', '10-0', { ENTRIESADDED: 12, MAXDELETEDID: '9-0' }), 'OK');
  equal((await client.xInfoStream('s'))['entries-added'], 12);
});

test('commands sent at once', async (client) => {
  const numbers = Array.from({ length: 500 }, (_, i) => i + 1);
  equal((await Promise.all(numbers.map((n) => client.xAdd('s', `${n}-0`, { n: String(n) })))).at(-1), '500-0');
  equal(await client.multi().xLen('s').xLen('none').execAsPipeline(), [500, 0]);
});

test('transaction', async (client) => {
  equal(await client.multi().xAdd('t', '1-0', { a: 'b' }).incr('n').exec(), ['1-0', 1]);
  const replies = await client.multi().xAdd('t', '1-0', { a: 'b' }).incr('n').exec().catch((error) => error.replies);
  equal([replies[0] instanceof ErrorReply, replies[1]], [true, 2]);
});

test('WATCH', async (client) => {
  await threeEntries(client);
  await client.watch('s');
  await control('XADD', 's', '4-1', 'n', 4);
  const error = await client.multi().xAdd('s', '5-1', { n: '5' }).exec().catch((reason) => reason);
  equal(error instanceof WatchError, true);
  await client.watch('s');
  equal(await client.multi().xAdd('s', '5-1', { n: '5' }).exec(), ['5-1']);
});

test('pub/sub', async (client) => {
  const listener = await client.duplicate().connect();
  const seen = [];
  await listener.subscribe('news', (message, channel) => seen.push([channel, message]));
  await listener.pSubscribe('log.*', (message, channel) => seen.push([channel, message]));
  await listener.sSubscribe('shard', (message, channel) => seen.push([channel, message]));
  equal([await client.publish('news', 'hello'), await client.publish('log.disk', 'full')], [1, 1]);
  equal(await client.sPublish('shard', 'own'), 1);
  await waitUntil(() => seen.length === 3);
  equal(seen, [
    ['news', 'hello'],
    ['log.disk', 'full'],
    ['shard', 'own'],
  ]);
  await listener.unsubscribe('news');
  listener.destroy();
});

test('scanIterator', async (client) => {
  const fill = client.multi();
  for (let n = 0; n < 300; n += 1) fill.xAdd(`stream:${n}`, '*', { a: 'b' }).set(`string:${n}`, 'x');
  await fill.exec();
  const keys = new Set();
  for await (const page of client.scanIterator({ TYPE: 'stream', COUNT: 50 })) for (const key of page) keys.add(key);
  equal([keys.size, keys.has('stream:0'), keys.has('string:0')], [300, true, false]);
});

test('hashes and sets beside streams', async (client) => {
  equal(await client.hSet('h', { a: '1', b: '2' }), 2);
  equal([await client.hIncrBy('h', 'a', 4), plain(await client.hGetAll('h'))], [5, { a: '5', b: '2' }]);
  equal([await client.sAdd('set', ['x', 'y']), await client.smIsMember('set', ['x', 'z'])], [2, [1, 0]]);
  equal((await client.sMembers('set')).sort(), ['x', 'y']);
  equal([await client.set('k', 'v', { NX: true }), await client.set('k', 'w', { NX: true })], ['OK', null]);
});

// The library has it in RESP3 only.
if (RESP === 3) {
  test('client-side cache', async (client) => {
    const cache = new BasicClientSideCache();
    const cached = await createClient({ RESP, clientSideCache: cache, socket: { port } }).connect();
    await client.set('k', '1');
    await threeEntries(client);
    equal([await cached.get('k'), await cached.get('k'), await cached.xLen('s')], ['1', '1', 3]);
    equal(cache.stats().hitCount, 1);
    await client.set('k', '2');
    await waitUntil(async () => (await cached.get('k')) === '2');
    await client.xDel('s', '1-1');
    await waitUntil(async () => (await cached.xLen('s')) === 2);
    await client.flushAll();
    await waitUntil(async () => (await cached.get('k')) === null);
    cached.destroy();
  });
}

const connect = async () => {
  const socket = { port, reconnectStrategy: false };
  const client = createClient({ RESP, unstableResp3: true, name: 'tester', socket });
  client.on('error', () => {});
  return client.connect();
};
await runAll(`node-redis RESP${RESP}`, connect, (client) => client?.isOpen && client.destroy());
