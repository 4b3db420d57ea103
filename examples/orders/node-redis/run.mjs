// The whole job: starts the producer, three billing workers and the projection, kills one worker half-way, waits until
// everything is settled, rebuilds the projection, and prints what came out. Deletes what an earlier run left behind.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import {
  ANALYTICS,
  BILLED_LINES,
  BILLING,
  DEAD_LETTERS,
  REVENUE,
  SERVER_URL,
  STREAM,
  UNITS,
  UNITS_REBUILT,
  connect,
  createGroup,
  keepTrying,
} from './pipeline.mjs';

const WORKERS = ['worker-1', 'worker-2', 'worker-3'];
const VICTIM = 'worker-2';
const HALF_WAY = 4000;
const POLL_MS = 20;

const start = (program, ...args) => fork(new URL(program, import.meta.url), args);
const hasEnded = (child) => child.exitCode !== null || child.signalCode !== null;
const ended = (child) => (hasEnded(child) ? undefined : once(child, 'exit'));

/** Polls the server; a process that ends meanwhile with an error ends the run. */
async function waitUntil(condition, children) {
  while (!(await keepTrying(condition))) {
    const broken = children.find((child) => child.exitCode);
    if (broken) throw new Error(`${broken.spawnargs.slice(1).join(' ')} ended with status ${broken.exitCode}`);
    await sleep(POLL_MS);
  }
}

/** Every group has been given everything and has acknowledged everything. */
async function isSettled(server) {
  const stream = await server.xInfoStream(STREAM);
  const groups = await server.xInfoGroups(STREAM);
  return groups.every(
    (group) => group['last-delivered-id'] === stream['last-generated-id'] && group.pending === 0,
  );
}

/** What was delivered to the worker and is not acknowledged. */
function heldBy(server, worker) {
  return server.xPendingRange(STREAM, BILLING, '-', '+', 10000, { consumer: worker });
}

async function startAfresh(server) {
  await server.del([STREAM, DEAD_LETTERS, BILLED_LINES, REVENUE]);
  await server.del([UNITS, UNITS_REBUILT].flatMap((key) => [key, `${key}:last-line`]));
  for (const group of [BILLING, ANALYTICS]) await createGroup(server, group);
}

async function run(server) {
  const workers = Object.fromEntries(WORKERS.map((name) => [name, start('billing.mjs', name)]));
  const projection = start('analytics.mjs');
  const everyone = [...Object.values(workers), projection];
  try {
    await waitUntil(async () => (await server.xInfoConsumers(STREAM, BILLING)).length === WORKERS.length, everyone);
    const producer = start('producer.mjs');
    everyone.push(producer);
    const isHalfWay = async () => (await server.sCard(BILLED_LINES)) >= HALF_WAY;
    await waitUntil(async () => (await isHalfWay()) && (await heldBy(server, VICTIM)).length > 0, everyone);
    workers[VICTIM].kill('SIGKILL');
    await ended(workers[VICTIM]);
    const held = await keepTrying(() => heldBy(server, VICTIM));
    console.log(`killed ${VICTIM}, which held ${held.length} entries`);
    await waitUntil(() => hasEnded(producer), everyone);
    await waitUntil(() => isSettled(server), everyone);
  } finally {
    for (const child of everyone) child.kill('SIGTERM');
    await Promise.all(everyone.map(ended));
  }
  const [status] = await once(start('analytics.mjs', 'rebuild'), 'exit');
  if (status !== 0) throw new Error('the rebuilt projection differs');
}

async function report(server) {
  console.log(`\n${await server.xLen(STREAM)} entries in ${STREAM}, ${await server.sCard(BILLED_LINES)} lines billed:`);
  const pounds = new Intl.NumberFormat('en-GB', { minimumFractionDigits: 2 });
  for (const [country, pence] of byValue(await server.hGetAll(REVENUE))) {
    console.log(`  ${country.padEnd(16)}${pounds.format(pence / 100).padStart(12)} GBP`);
  }
  const letters = new Map();
  for (const { message } of await server.xRange(DEAD_LETTERS, '-', '+')) letters.set(message.line, message.reason);
  console.log(`${letters.size} lines in ${DEAD_LETTERS}:`);
  const reasons = {};
  for (const reason of letters.values()) reasons[reason] = (reasons[reason] ?? 0) + 1;
  for (const [reason, count] of byValue(reasons)) console.log(`  ${reason.padEnd(20)}${String(count).padStart(8)}`);
  const units = byValue(await server.hGetAll(UNITS));
  console.log(`${units.length} products in ${UNITS}, most sold:`);
  for (const [product, count] of units.slice(0, 5)) console.log(`  ${product.padEnd(20)}${String(count).padStart(8)}`);
}

const byValue = (object) => Object.entries(object).sort(([, left], [, right]) => right - left);

const server = await connect();
console.log(`orders on ${SERVER_URL}`);
await keepTrying(() => startAfresh(server));
await run(server);
await keepTrying(() => report(server));
server.destroy();
