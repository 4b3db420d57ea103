// What the programs of the pipeline share: the names of the keys, the connection, and how to survive losing it.

import { setTimeout as sleep } from 'node:timers/promises';

import { ClientOfflineError, SocketClosedUnexpectedlyError, WatchError, createClient } from 'redis';

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
 * A connected client. It reconnects by itself, but keeps no commands back for later while there is no connection: they
 * fail, and keepTrying decides.
 */
export async function connect() {
  const server = createClient({
    url: SERVER_URL,
    disableOfflineQueue: true,
    socket: { reconnectStrategy: () => RECONNECT_MS },
  });
  server.on('error', (error) => console.log(`no server (${error.message || error.code}), trying again`));
  await server.connect();
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
      if (!isServerAway(error)) throw error;
      await sleep(RECONNECT_MS);
    }
  }
}

function isServerAway(error) {
  return (
    error instanceof SocketClosedUnexpectedlyError || // In flight when the connection broke.
    error.syscall !== undefined || // The same, with the socket's own error (ECONNRESET).
    error instanceof ClientOfflineError || // Sent while there was no connection.
    error instanceof WatchError || // The connection on which a key was watched has been replaced.
    error.message.startsWith('LOADING') // The server is there, but still reads its data.
  );
}

/** A group that reads the stream from its beginning; an existing one is left as it is. */
export async function createGroup(server, group) {
  try {
    await server.xGroupCreate(STREAM, group, '0', { MKSTREAM: true });
  } catch (error) {
    if (!error.message.startsWith('BUSYGROUP')) throw error;
  }
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
