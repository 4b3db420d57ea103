// The analytics projection: units sold per product, returns subtracted.
//
// `node analytics.mjs`          follows the stream as the only consumer of its group.
// `node analytics.mjs rebuild`  computes it again from the stream's first entry, beside the live one, and compares.

import { isDeepStrictEqual } from 'node:util';

import {
  ANALYTICS,
  BLOCK_MS,
  STREAM,
  UNITS,
  UNITS_REBUILT,
  connect,
  createGroup,
  keepTrying,
  replies,
  stopRequest,
  toEntries,
} from './pipeline.mjs';

const BATCH = 200;

/**
 * A hash from product to units, and beside it the number of the last line that is in it. Both change in one
 * transaction, so entries that are applied again change nothing: the producer appends lines in ascending order, and
 * what it repeats are lines already seen.
 */
class Projection {
  constructor(server, key) {
    this.server = server;
    this.key = key;
    this.lastLineKey = `${key}:last-line`;
  }

  async clear() {
    await this.server.del(this.key, this.lastLineKey);
  }

  async apply(entries, { acknowledge = false } = {}) {
    let lastLine = Number((await this.server.get(this.lastLineKey)) ?? 0);
    const units = new Map();
    for (const { fields } of entries) {
      if (Number(fields.line) <= lastLine) continue;
      lastLine = Number(fields.line);
      units.set(fields.stock_code, (units.get(fields.stock_code) ?? 0) + Number(fields.quantity));
    }
    const transaction = this.server.multi();
    for (const [product, quantity] of units) transaction.hincrby(this.key, product, quantity);
    transaction.set(this.lastLineKey, lastLine);
    if (acknowledge) transaction.xack(STREAM, ANALYTICS, ...entries.map(({ id }) => id));
    await replies(transaction);
  }
}

/**
 * First what was delivered to this consumer before but not acknowledged (it was stopped, or lost its connection), then
 * what is new.
 */
async function follow(server, stop) {
  await createGroup(server, ANALYTICS);
  const projection = new Projection(server, UNITS);
  const group = ['GROUP', ANALYTICS, 'projection'];
  let position = '0';
  while (!stop.requested) {
    const limits = ['COUNT', BATCH, 'BLOCK', BLOCK_MS];
    const reply = await server.xreadgroup(...group, ...limits, 'STREAMS', STREAM, position);
    const entries = reply ? toEntries(reply[0][1]) : [];
    if (entries.length > 0) await projection.apply(entries, { acknowledge: true });
    else position = '>';
  }
}

/** Replays the stream, page by page, without any group: history is there for everyone to read. */
async function rebuild(server) {
  const projection = new Projection(server, UNITS_REBUILT);
  await projection.clear();
  let replayed = 0;
  for (let start = '-'; ; ) {
    const page = toEntries(await server.xrange(STREAM, start, '+', 'COUNT', BATCH));
    if (page.length === 0) break;
    await projection.apply(page);
    replayed += page.length;
    start = `(${page.at(-1).id}`;
  }
  const same = isDeepStrictEqual(await server.hgetall(UNITS_REBUILT), await server.hgetall(UNITS));
  console.log(`replayed ${replayed} entries: the projection is ${same ? 'equal to' : 'DIFFERENT from'} the live one`);
  return same;
}

const [command] = process.argv.slice(2);
if (command && command !== 'rebuild') {
  console.error('usage: node analytics.mjs [rebuild]');
  process.exit(2);
}
const server = connect();
if (command === 'rebuild') {
  process.exitCode = (await keepTrying(() => rebuild(server))) ? 0 : 1;
} else {
  const stop = stopRequest();
  await keepTrying(() => follow(server, stop));
}
server.disconnect();
