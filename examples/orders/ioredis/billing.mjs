// A billing worker: `node billing.mjs NAME`. Start as many as you like, each with a name of its own.
//
// Each order line is billed exactly once, whatever happens to workers, connections and the server:
//   - An entry that was delivered stays pending until it is acknowledged. What a dead worker left behind, what failed,
//     and what a lost connection interrupted is all found the same way: it has been pending for too long (recover).
//   - Booking the amount, remembering the line's number and acknowledging the entry is one transaction (book).
//   - A line that has failed MAX_DELIVERIES times goes to the dead letters, with the reason (bury).

import { Unbillable, amountInPence } from '../common/order-lines.mjs';
import {
  BILLED_LINES,
  BILLING,
  BLOCK_MS,
  DEAD_LETTERS,
  RETRY_AFTER_MS,
  REVENUE,
  STREAM,
  connect,
  createGroup,
  keepTrying,
  replies,
  stopRequest,
  toEntries,
} from './pipeline.mjs';

const BATCH = 50;
const MAX_DELIVERIES = 5;

class BillingWorker {
  constructor(server, name) {
    this.server = server;
    this.name = name;
    this.nextRecovery = 0;
  }

  async workUntil(stop) {
    await createGroup(this.server, BILLING);
    await this.server.xgroup('CREATECONSUMER', STREAM, BILLING, this.name);
    while (!stop.requested) {
      if (Date.now() >= this.nextRecovery) await this.recover();
      await this.bill(await this.readNew());
    }
  }

  async readNew() {
    const group = ['GROUP', BILLING, this.name];
    const reply = await this.server.xreadgroup(...group, 'COUNT', BATCH, 'BLOCK', BLOCK_MS, 'STREAMS', STREAM, '>');
    return reply ? toEntries(reply[0][1]) : [];
  }

  /**
   * Takes over every entry that has been pending for RETRY_AFTER_MS, this worker's own included, and tries it again.
   * Each take-over counts as a delivery.
   */
  async recover() {
    let cursor = '0-0';
    do {
      const claim = [STREAM, BILLING, this.name, RETRY_AFTER_MS, cursor, 'COUNT', BATCH];
      const [next, taken] = await this.server.xautoclaim(...claim);
      await this.bury(await this.bill(toEntries(taken)));
      cursor = next;
    } while (cursor !== '0-0');
    this.nextRecovery = Date.now() + RETRY_AFTER_MS / 2;
  }

  /** Books what can be billed. Returns the rest as [{ id, fields, reason }]; it stays pending. */
  async bill(entries) {
    const amounts = new Map();
    const acknowledged = [];
    const failed = [];
    for (const { id, fields } of entries) {
      try {
        amounts.set(fields.line, { country: fields.country, pence: amountInPence(fields) });
        acknowledged.push(id);
      } catch (error) {
        if (!(error instanceof Unbillable)) throw error;
        failed.push({ id, fields, reason: error.message });
      }
    }
    if (amounts.size > 0) await this.book(amounts, acknowledged);
    return failed;
  }

  /**
   * Adds the amounts of the lines that nobody has booked yet and acknowledges the entries: all or nothing. Starts over
   * if another worker books meanwhile.
   */
  async book(amounts, acknowledged) {
    let done = null;
    while (done === null) {
      await this.server.watch(BILLED_LINES);
      const known = await this.server.smismember(BILLED_LINES, ...amounts.keys());
      const transaction = this.server.multi();
      [...amounts.values()].forEach(({ country, pence }, i) => {
        if (!known[i]) transaction.hincrby(REVENUE, country, pence);
      });
      transaction.sadd(BILLED_LINES, ...amounts.keys());
      transaction.xack(STREAM, BILLING, ...acknowledged);
      done = await replies(transaction);
    }
  }

  /** Moves what has now failed MAX_DELIVERIES times to the dead letters. */
  async bury(failed) {
    const deliveries = await this.deliveryCounts(failed);
    const hopeless = failed.filter(({ id }) => deliveries.get(id) >= MAX_DELIVERIES);
    if (hopeless.length === 0) return;
    const transaction = this.server.multi();
    for (const { id, fields, reason } of hopeless) {
      const origin = { origin_id: id, group: BILLING, reason, deliveries: deliveries.get(id) };
      transaction.xadd(DEAD_LETTERS, '*', ...Object.entries({ ...fields, ...origin }).flat());
    }
    transaction.xack(STREAM, BILLING, ...hopeless.map(({ id }) => id));
    await replies(transaction);
  }

  /** How often each entry was delivered. XAUTOCLAIM does not say, XPENDING does; 0 if it is no longer ours. */
  async deliveryCounts(failed) {
    const pipeline = this.server.pipeline();
    for (const { id } of failed) pipeline.xpending(STREAM, BILLING, id, id, 1, this.name);
    const found = await replies(pipeline);
    return new Map(failed.map(({ id }, i) => [id, found[i].length > 0 ? found[i][0][3] : 0]));
  }
}

const [name] = process.argv.slice(2);
if (!name) {
  console.error('usage: node billing.mjs NAME');
  process.exit(2);
}
const stop = stopRequest();
const server = connect();
const worker = new BillingWorker(server, name);
await keepTrying(() => worker.workUntil(stop));
server.disconnect();
