// The producer: appends every order line to the stream, in the order of the file.
//
// A batch is one transaction, so it arrives whole or not at all. In a plain pipeline a server that is just starting could
// refuse the first lines (LOADING) and take the rest, and what is then repeated would be out of order.
//
// A batch whose reply was lost is appended again, because nobody can know whether it arrived. So a line may be in the
// stream twice, and consumers go by its number (the field `line`), never by the entry's id.

import { readLines } from '../common/order-lines.mjs';
import { STREAM, connect, keepTrying } from './pipeline.mjs';

const BATCH = 200;

/** The whole batch, all or nothing, in one round trip. */
async function append(server, lines) {
  const transaction = server.multi();
  for (const fields of lines) transaction.xAdd(STREAM, '*', fields);
  await transaction.exec();
}

const server = await connect();
const lines = [...readLines()];
for (let start = 0; start < lines.length; start += BATCH) {
  await keepTrying(() => append(server, lines.slice(start, start + BATCH)));
}
server.destroy();
