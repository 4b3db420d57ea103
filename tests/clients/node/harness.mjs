// What the Node tests share: registration, assertions, and the lines that tests/clients/run.py reads.
//
// A test gets a fresh client of the library. Its name must not contain a colon. Prints `ok NAME`, `not ok NAME: why` or
// `skip NAME: why` for each.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export const port = Number(process.env.SERVER_PORT);
const only = process.env.ONLY ?? '';
const serverVersion = process.env.SERVER_VERSION.split('.').map(Number);
const WAIT_MS = 10_000;

const tests = [];

/** Registers a test. `since` is the first server version with the feature. */
export function test(name, run, { since } = {}) {
  tests.push({ name, run, since });
}

export const equal = assert.deepStrictEqual;

/** The call fails, and its error's message starts so. */
export async function fails(promise, start) {
  const error = await promise.then((value) => assert.fail(`no error but ${JSON.stringify(value)}`), (reason) => reason);
  assert.ok(error.message.startsWith(start), `error '${error.message}' does not start with '${start}'`);
}

/** Waits until the server shows a state of which nobody can be told. */
export async function waitUntil(condition) {
  const deadline = Date.now() + WAIT_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('the expected state never came');
    await sleep(5);
  }
}

/** One command over a plain connection, its reply as raw text: independent of the library under test. */
export async function control(...args) {
  const socket = createConnection(port, '127.0.0.1');
  const words = args.map((arg) => `$${Buffer.byteLength(String(arg))}\r\n${arg}\r\n`);
  socket.end(`*${args.length}\r\n${words.join('')}`);
  let reply = '';
  socket.on('data', (chunk) => {
    reply += chunk;
  });
  await once(socket, 'close');
  return reply;
}

/** A number of clients is blocked in the server. */
export const blocked = async (count) => (await control('INFO', 'clients')).includes(`blocked_clients:${count}\r`);

/** Runs every registered test: `connect()` gives its client, `close(client)` takes it back. */
export async function runAll(prefix, connect, close) {
  for (const { name, run, since } of tests) {
    const title = `${prefix}: ${name}`;
    if (!title.includes(only)) continue;
    if (since && isOlder(serverVersion, since.split('.').map(Number))) {
      console.log(`skip ${title}: needs ${since}, the server says ${serverVersion.join('.')}`);
      continue;
    }
    await runOne(title, run, connect, close);
  }
  process.exit(0); // Whatever connection a failed test may have left open.
}

async function runOne(title, run, connect, close) {
  await control('FLUSHALL');
  let client;
  try {
    client = await connect();
    await Promise.race([run(client), timeout()]);
    console.log(`ok ${title}`);
  } catch (error) {
    console.log(`not ok ${title}: ${error.message.replaceAll('\n', ' ')}`);
  } finally {
    await close(client);
  }
}

function timeout() {
  return sleep(2 * WAIT_MS, undefined, { ref: false }).then(() => assert.fail('timed out'));
}

function isOlder(left, right) {
  const at = right.findIndex((part, i) => part !== (left[i] ?? 0));
  return at >= 0 && (left[at] ?? 0) < right[at];
}
