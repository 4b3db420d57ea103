// A billing worker: `node billing.mjs NAME`. Start as many as you like, each with a name of its own.
//
// Each order line is billed exactly once, whatever happens to workers, connections and the server:
//   - An entry that was delivered stays pending until it is acknowledged. What a dead worker left behind, what failed,
//     and what a lost connection interrupted is all found the same way: it has been pending for too long (recover).
//   - Booking the amount, remembering the line's number and acknowledging the entry is one transaction (book).
//   - A line that has failed MAX_DELIVERIES times goes to the dead letters, with the reason (bury).

import { WatchError } from 'redis';

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
  stopRequest,
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
    await this.server.xGroupCreateConsumer(STREAM, BILLING, this.name);
    while (!stop.requested) {
      if (Date.now() >= this.nextRecovery) await this.recover();
      await this.bill(await this.readNew());
    }
  }

  async readNew() {
    const streams = [{ key: STREAM, id: '>' }];
    const reply = await this.server.xReadGroup(BILLING, this.name, streams, { COUNT: BATCH, BLOCK: BLOCK_MS });
    return reply ? reply[0].messages : [];
  }

  /**
   * Takes over every entry that has been pending for RETRY_AFTER_MS, this worker's own included, and tries it again.
   * Each take-over counts as a delivery.
   */
  async recover() {
    let cursor = '0-0';
    do {
      const claim = [STREAM, BILLING, this.name, RETRY_AFTER_MS, cursor, { COUNT: BATCH }];
      const { nextId, messages } = await this.server.xAutoClaim(...claim);
      await this.bury(await this.bill(messages));
      cursor = nextId;
    } while (cursor !== '0-0');
    this.nextRecovery = Date.now() + RETRY_AFTER_MS / 2;
  }

  /** Books what can be billed. Returns the rest as [{ id, fields, reason }]; it stays pending. */
  async bill(entries) {
    const amounts = new Map();
    const acknowledged = [];
    const failed = [];
    for (const { id, message: fields } of entries) {
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
   * if another worker books meanwhile, or if the connection that watched was replaced by another.
   */
  async book(amounts, acknowledged) {
    for (;;) {
      await this.server.watch(BILLED_LINES);
      const lines = [...amounts.keys()];
      const known = await this.server.smIsMember(BILLED_LINES, lines);
      const transaction = this.server.multi();
      [...amounts.values()].forEach(({ country, pence }, i) => {
        if (!known[i]) transaction.hIncrBy(REVENUE, country, pence);
      });
      transaction.sAdd(BILLED_LINES, lines);
      transaction.xAck(STREAM, BILLING, acknowledged);
      try {
        await transaction.exec();
        return;
      } catch (error) {
        if (!(error instanceof WatchError)) throw error;
      }
    }
  }

  /** Moves what has now failed MAX_DELIVERIES times to the dead letters. */
  async bury(failed) {
    const deliveries = await this.deliveryCounts(failed);
    const hopeless = failed.filter(({ id }) => deliveries.get(id) >= MAX_DELIVERIES);
    if (hopeless.length === 0) return;
    const transaction = this.server.multi();
    for (const { id, fields, reason } of hopeless) {
      const origin = { origin_id: id, group: BILLING, reason, deliveries: String(deliveries.get(id)) };
      transaction.xAdd(DEAD_LETTERS, '*', { ...fields, ...origin });
    }
    transaction.xAck(STREAM, BILLING, hopeless.map(({ id }) => id));
    await transaction.exec();
  }

  /** How often each entry was delivered. XAUTOCLAIM does not say, XPENDING does; 0 if it is no longer ours. */
  async deliveryCounts(failed) {
    const found = await Promise.all(
      failed.map(({ id }) => this.server.xPendingRange(STREAM, BILLING, id, id, 1, { consumer: this.name })),
    );
    return new Map(failed.map(({ id }, i) => [id, found[i].length > 0 ? found[i][0].deliveriesCounter : 0]));
  }
}

const [name] = process.argv.slice(2);
if (!name) {
  console.error('usage: node billing.mjs NAME');
  process.exit(2);
}
const stop = stopRequest();
const server = await connect();
const worker = new BillingWorker(server, name);
await keepTrying(() => worker.workUntil(stop));
server.destroy();
