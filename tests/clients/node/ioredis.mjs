// ioredis 5 unchanged: every stream command, and what programs use beside them.

import { once } from 'node:events';

import { Redis } from 'ioredis';

import { blocked, control, equal, fails, port, runAll, test, waitUntil } from './harness.mjs';

const ENTRIES = [1, 2, 3].map((n) => [`${n}-1`, ['n', String(n)]]);
const FAR = 3_600_000;

async function threeEntries(client, key = 's') {
  for (const [id, fields] of ENTRIES) await client.xadd(key, id, ...fields);
}

/** Three entries, two of them delivered to alice and one to bob. */
async function groupWithPending(client) {
  await threeEntries(client);
  await client.xgroup('CREATE', 's', 'g', '0');
  await client.xreadgroup('GROUP', 'g', 'alice', 'COUNT', 2, 'STREAMS', 's', '>');
  await client.xreadgroup('GROUP', 'g', 'bob', 'COUNT', 1, 'STREAMS', 's', '>');
}

function toObject(flat) {
  const object = {};
  for (let i = 0; i < flat.length; i += 2) object[flat[i]] = flat[i + 1];
  return object;
}

const ids = (entries) => entries.map(([id]) => id);

test('XADD', async (client) => {
  equal(await client.xadd('s', '1526919030474-55', 'name', 'Sara', 'surname', 'OConnor'), '1526919030474-55');
  equal(await client.xadd('s', '1526919030474-*', 'name', 'Ann'), '1526919030474-56');
  equal((await client.xadd('s', '*', 'n', 1)).endsWith('-0'), true);
  equal(await client.xadd('none', 'NOMKSTREAM', '*', 'n', 1), null);
  await fails(client.xadd('s', '1-1', 'n', 1), 'ERR The ID specified in XADD is equal or smaller');
  await fails(client.xadd('s', '*', 'n'), "ERR wrong number of arguments for 'xadd' command");
});

test('XADD of binary values', async (client) => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  await client.xadd('s', '1-1', 'raw', bytes);
  const [[, [, value]]] = await client.xrangeBuffer('s', '-', '+');
  equal(Buffer.compare(value, bytes), 0);
});

test('XADD that trims, XTRIM', async (client) => {
  for (let n = 1; n <= 5; n += 1) await client.xadd('s', 'MAXLEN', '=', 3, `${n}-0`, 'n', n);
  equal(ids(await client.xrange('s', '-', '+')), ['3-0', '4-0', '5-0']);
  await client.xadd('s', 'MINID', '5-0', '6-0', 'n', 6);
  equal(await client.xlen('s'), 2);
  equal(await client.xtrim('s', 'MAXLEN', 1), 1);
  equal(await client.xtrim('s', 'MAXLEN', '~', 100, 'LIMIT', 10), 0);
  equal(await client.xtrim('s', 'MINID', '=', '7-0'), 1);
  equal([await client.xlen('s'), await client.exists('s'), await client.type('s')], [0, 1, 'stream']);
});

test('XLEN, XRANGE, XREVRANGE', async (client) => {
  equal([await client.xlen('s'), await client.xrange('s', '-', '+')], [0, []]);
  await threeEntries(client);
  equal(await client.xlen('s'), 3);
  equal(await client.xrange('s', '-', '+'), ENTRIES);
  equal(await client.xrange('s', '(1-1', '+', 'COUNT', 1), [ENTRIES[1]]);
  equal(await client.xrevrange('s', '+', '-', 'COUNT', 2), [ENTRIES[2], ENTRIES[1]]);
  await fails(client.xrange('s', 'x', '+'), 'ERR Invalid stream ID specified as stream command argument');
});

test('XDEL', async (client) => {
  await threeEntries(client);
  equal(await client.xdel('s', '2-1', '9-9'), 1);
  equal(ids(await client.xrange('s', '-', '+')), ['1-1', '3-1']);
});

test('XREAD', async (client) => {
  await threeEntries(client);
  await client.xadd('t', '7-0', 'a', 'b');
  equal(await client.xread('COUNT', 5, 'STREAMS', 's', 't', '2-1', '0'), [
    ['s', [ENTRIES[2]]],
    ['t', [['7-0', ['a', 'b']]]],
  ]);
  equal(await client.xread('STREAMS', 's', '$'), null);
  equal(await client.xread('BLOCK', 10, 'STREAMS', 's', '$'), null);
});

test('XREAD that blocks', async (client) => {
  const reader = client.duplicate();
  const answer = reader.xread('BLOCK', 5000, 'STREAMS', 's', '$');
  await waitUntil(() => blocked(1));
  await client.xadd('s', '5-5', 'a', 'b');
  equal(await answer, [['s', [['5-5', ['a', 'b']]]]]);
  reader.disconnect();
});

test('XGROUP', async (client) => {
  await fails(client.xgroup('CREATE', 's', 'g', '$'), 'ERR The XGROUP subcommand requires the key to exist');
  equal(await client.xgroup('CREATE', 's', 'g', '$', 'MKSTREAM'), 'OK');
  await fails(client.xgroup('CREATE', 's', 'g', '$'), 'BUSYGROUP Consumer Group name already exists');
  await threeEntries(client);
  equal(await client.xgroup('SETID', 's', 'g', '2-1'), 'OK');
  equal(await client.xgroup('CREATECONSUMER', 's', 'g', 'alice'), 1);
  equal(await client.xgroup('CREATECONSUMER', 's', 'g', 'alice'), 0);
  await client.xreadgroup('GROUP', 'g', 'alice', 'STREAMS', 's', '>');
  equal(await client.xgroup('DELCONSUMER', 's', 'g', 'alice'), 1);
  equal([await client.xgroup('DESTROY', 's', 'g'), await client.xgroup('DESTROY', 's', 'g')], [1, 0]);
});

test('XREADGROUP', async (client) => {
  await threeEntries(client);
  const read = (name, ...rest) => client.xreadgroup('GROUP', 'g', name, ...rest);
  await fails(read('alice', 'STREAMS', 's', '>'), 'NOGROUP');
  await client.xgroup('CREATE', 's', 'g', '0');
  equal(await read('alice', 'COUNT', 1, 'STREAMS', 's', '>'), [['s', [ENTRIES[0]]]]);
  equal(await read('bob', 'STREAMS', 's', '>'), [['s', [ENTRIES[1], ENTRIES[2]]]]);
  equal(await read('bob', 'BLOCK', 10, 'STREAMS', 's', '>'), null);
  equal(await read('alice', 'STREAMS', 's', '0'), [['s', [ENTRIES[0]]]]);
  await client.xdel('s', '1-1');
  equal(await read('alice', 'STREAMS', 's', '0'), [['s', [['1-1', null]]]]);
  await client.xadd('s', '4-1', 'n', 4);
  equal(await read('bob', 'NOACK', 'STREAMS', 's', '>'), [['s', [['4-1', ['n', '4']]]]]);
});

test('XREADGROUP that blocks, two workers share', async (client) => {
  await client.xgroup('CREATE', 's', 'g', '$', 'MKSTREAM');
  const workers = [client.duplicate(), client.duplicate()];
  const read = (i) => workers[i].xreadgroup('GROUP', 'g', `w${i}`, 'COUNT', 1, 'BLOCK', 5000, 'STREAMS', 's', '>');
  const first = read(0);
  await waitUntil(() => blocked(1));
  const second = read(1);
  await waitUntil(() => blocked(2));
  await client.xadd('s', '1-0', 'n', 1);
  equal(await first, [['s', [['1-0', ['n', '1']]]]]);
  await client.xadd('s', '2-0', 'n', 2);
  equal(await second, [['s', [['2-0', ['n', '2']]]]]);
  for (const worker of workers) worker.disconnect();
});

test('XACK', async (client) => {
  await groupWithPending(client);
  equal(await client.xack('s', 'g', '1-1', '3-1', '9-9'), 2);
  equal(await client.xack('none', 'g', '1-1'), 0);
});

test('XPENDING', async (client) => {
  await groupWithPending(client);
  const consumers = [
    ['alice', '2'],
    ['bob', '1'],
  ];
  equal(await client.xpending('s', 'g'), [3, '1-1', '3-1', consumers]);
  const records = await client.xpending('s', 'g', '-', '+', 10, 'alice');
  equal(records.map(([id, name, idle, count]) => [id, name, idle >= 0, count]), [
    ['1-1', 'alice', true, 1],
    ['2-1', 'alice', true, 1],
  ]);
  equal(await client.xpending('s', 'g', 'IDLE', FAR, '-', '+', 10), []);
  await client.xack('s', 'g', '1-1', '2-1', '3-1');
  equal(await client.xpending('s', 'g'), [0, null, null, null]);
});

test('XCLAIM', async (client) => {
  await groupWithPending(client);
  equal(await client.xclaim('s', 'g', 'bob', FAR, '1-1'), []);
  equal(await client.xclaim('s', 'g', 'bob', 0, '1-1'), [ENTRIES[0]]);
  equal(await client.xclaim('s', 'g', 'bob', 0, '1-1', '2-1', 'JUSTID'), ['1-1', '2-1']);
  await client.xclaim('s', 'g', 'carol', 0, '2-1', 'IDLE', 60000, 'RETRYCOUNT', 7);
  const [[id, , idle, count]] = await client.xpending('s', 'g', '-', '+', 10, 'carol');
  equal([id, idle >= 60000, count], ['2-1', true, 7]);
});

test('XAUTOCLAIM', async (client) => {
  await groupWithPending(client);
  equal(await client.xautoclaim('s', 'g', 'carol', 0, '0', 'COUNT', 2), ['3-1', ENTRIES.slice(0, 2), []]);
  equal(await client.xautoclaim('s', 'g', 'carol', 0, '3-1', 'JUSTID'), ['0-0', ['3-1'], []]);
  await client.xdel('s', '2-1');
  equal(await client.xautoclaim('s', 'g', 'carol', 0, '2-1'), ['0-0', [ENTRIES[2]], ['2-1']]);
});

test('XINFO', async (client) => {
  await groupWithPending(client);
  const stream = toObject(await client.xinfo('STREAM', 's'));
  equal([stream.length, stream.groups, stream['last-generated-id'], stream['first-entry']], [3, 1, '3-1', ENTRIES[0]]);
  const full = toObject(await client.xinfo('STREAM', 's', 'FULL', 'COUNT', 1));
  equal([full.entries, toObject(full.groups[0])['pel-count']], [[ENTRIES[0]], 3]);
  const [group] = (await client.xinfo('GROUPS', 's')).map(toObject);
  const want = { name: 'g', consumers: 2, pending: 3, 'last-delivered-id': '3-1', 'entries-read': 3, lag: 0 };
  equal(group, want);
  const consumers = (await client.xinfo('CONSUMERS', 's', 'g')).map(toObject);
  equal(consumers.map(({ name, pending }) => [name, pending]), [
    ['alice', 2],
    ['bob', 1],
  ]);
  await fails(client.xinfo('STREAM', 'none'), 'ERR no such key');
});

test('XINFO CONSUMERS, inactive', async (client) => {
  await groupWithPending(client);
  const [alice] = (await client.xinfo('CONSUMERS', 's', 'g')).map(toObject);
  equal(alice.inactive >= 0, true);
}, { since: '7.2' });

test('XSETID', async (client) => {
  await threeEntries(client);
  equal(await client.xsetid('s', '10-0', 'ENTRIESADDED', 12, 'MAXDELETEDID', '9-0'), 'OK');
  equal(toObject(await client.xinfo('STREAM', 's'))['entries-added'], 12);
});

test('pipeline and transaction', async (client) => {
  const pipeline = client.pipeline();
  for (let n = 1; n <= 500; n += 1) pipeline.xadd('s', `${n}-0`, 'n', n);
  const replies = await pipeline.xadd('s', '1-0', 'late', 1).xlen('s').exec();
  equal([replies[499][1], replies[501][1]], ['500-0', 500]);
  equal(replies[500][0].message.startsWith('ERR The ID specified in XADD'), true);
  equal(await client.multi().xadd('t', '1-0', 'a', 'b').incr('n').exec(), [
    [null, '1-0'],
    [null, 1],
  ]);
});

test('automatic pipelining', async (client) => {
  const automatic = client.duplicate({ enableAutoPipelining: true });
  const added = await Promise.all(Array.from({ length: 100 }, (_, n) => automatic.xadd('s', `${n + 1}-0`, 'n', n)));
  equal([added.at(-1), await client.xlen('s')], ['100-0', 100]);
  automatic.disconnect();
});

test('WATCH', async (client) => {
  await threeEntries(client);
  await client.watch('s');
  await control('XADD', 's', '4-1', 'n', 4);
  equal(await client.multi().xadd('s', '5-1', 'n', 5).exec(), null);
  await client.watch('s');
  equal(await client.multi().xadd('s', '5-1', 'n', 5).exec(), [[null, '5-1']]);
});

test('pub/sub', async (client) => {
  const listener = client.duplicate();
  equal([await listener.subscribe('news'), await listener.psubscribe('log.*')], [1, 2]);
  const message = once(listener, 'message');
  const pmessage = once(listener, 'pmessage');
  equal([await client.publish('news', 'hello'), await client.publish('log.disk', 'full')], [1, 1]);
  equal([await message, await pmessage], [
    ['news', 'hello'],
    ['log.*', 'log.disk', 'full'],
  ]);
  await listener.unsubscribe('news');
  listener.disconnect();
});

test('MONITOR', async (client) => {
  const monitor = await client.monitor();
  const seen = once(monitor, 'monitor');
  await client.xadd('s', '1-1', 'a', 'b');
  equal((await seen)[1], ['xadd', 's', '1-1', 'a', 'b']);
  monitor.disconnect();
});

test('scanStream', async (client) => {
  const fill = client.pipeline();
  for (let n = 0; n < 300; n += 1) fill.xadd(`stream:${n}`, '*', 'a', 'b').set(`string:${n}`, 'x');
  await fill.exec();
  const keys = new Set();
  for await (const page of client.scanStream({ type: 'stream', count: 50 })) for (const key of page) keys.add(key);
  equal([keys.size, keys.has('stream:0'), keys.has('string:0')], [300, true, false]);
});

test('reconnects after CLIENT KILL', async (client) => {
  await client.client('SETNAME', 'victim');
  const closed = once(client, 'close');
  await control('CLIENT', 'KILL', 'ID', await client.client('ID'));
  await closed;
  equal(await client.xadd('s', '1-1', 'a', 'b'), '1-1');
});

const connect = async () => {
  const client = new Redis(port, '127.0.0.1', { connectionName: 'tester', retryStrategy: () => 10 });
  await once(client, 'ready');
  return client;
};
await runAll('ioredis', connect, (client) => client?.disconnect());
