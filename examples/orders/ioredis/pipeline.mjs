// What the programs of the pipeline share: the names of the keys, the connection, and how to survive losing it.

import { setTimeout as sleep } from 'node:timers/promises';

import { Redis } from 'ioredis';

export const STREAM = 'orders';
export const DEAD_LETTERS = 'orders-dlq';
export const BILLING = 'billing';
export const BILLED_LINES = 'billing:lines';
export const REVENUE = 'billing:revenue';
export const ANALYTICS = 'analytics';
export const UNITS = 'analytics:units';
export const UNITS_REBUILT = 'analytics:units:rebuilt';

export const SERVER_URL = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
export const RETRY_AFTER_MS = Number(process.env.RETRY_AFTER_MS ?? 1000);
export const BLOCK_MS = 500;
const RECONNECT_MS = 100;

/**
 * A client that reconnects by itself but repeats nothing by itself. By default ioredis sends a command again whose
 * reply was lost; a transaction that had been executed would be executed twice. With these two options a command either
 * goes out on the present connection or fails, and keepTrying decides.
 */
export function connect() {
  const server = new Redis(SERVER_URL, {
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    retryStrategy: () => RECONNECT_MS,
  });
  server.on('error', (error) => console.log(`no server (${error.message || error.code}), trying again`));
  return server;
}

/**
 * Calls work() until it returns. When the server goes away work() starts over, so it must bear being repeated: a
 * command whose reply was lost may or may not have been executed.
 */
export async function keepTrying(work) {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isLostConnection(error)) throw error;
      await sleep(RECONNECT_MS);
    }
  }
}

/** ioredis has no common class for these errors. */
function isLostConnection(error) {
  return (
    error.name === 'MaxRetriesPerRequestError' || // In flight when the connection broke.
    error.name === 'AbortError' || // Part of a pipeline that was in flight.
    error.message.startsWith("Stream isn't writeable") // Sent while there was no connection.
  );
}

/**
 * The replies of a pipeline or transaction; the first error among them is thrown. Null when a watched key has changed
 * and nothing was executed.
 */
export async function replies(pipeline) {
  const results = await pipeline.exec();
  const failed = results?.find(([error]) => error);
  if (failed) throw failed[0];
  return results && results.map(([, reply]) => reply);
}

/** A group that reads the stream from its beginning; an existing one is left as it is. */
export async function createGroup(server, group) {
  try {
    await server.xgroup('CREATE', STREAM, group, '0', 'MKSTREAM');
  } catch (error) {
    if (!error.message.startsWith('BUSYGROUP')) throw error;
  }
}

/** [[id, [field, value, ...]], ...] as [{ id, fields }, ...]. */
export function toEntries(reply) {
  return reply.map(([id, flat]) => ({ id, fields: toObject(flat) }));
}

/** [name, value, name, value, ...] as an object. */
export function toObject(flat) {
  const object = {};
  for (let i = 0; i < flat.length; i += 2) object[flat[i]] = flat[i + 1];
  return object;
}

/** Becomes true with SIGTERM or SIGINT, so that a program can finish what it has in hand. */
export function stopRequest() {
  const stop = { requested: false };
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.on(signal, () => {
      stop.requested = true;
    });
  }
  return stop;
}
