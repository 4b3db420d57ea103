// The producer: appends every order line to the stream, in the order of the file.
//
// A batch whose reply was lost is appended again, because nobody can know whether it arrived. So a line may be in the
// stream twice, and consumers go by its number (the field `line`), never by the entry's id.

import { readLines } from '../common/order-lines.mjs';
import { STREAM, connect, keepTrying } from './pipeline.mjs';

const BATCH = 200;

/** One round trip for the whole batch. */
async function append(server, lines) {
  const pipeline = server.multi();
  for (const fields of lines) pipeline.xAdd(STREAM, '*', fields);
  await pipeline.execAsPipeline();
}

const server = await connect();
const lines = [...readLines()];
for (let start = 0; start < lines.length; start += BATCH) {
  await keepTrying(() => append(server, lines.slice(start, start + BATCH)));
}
server.destroy();
