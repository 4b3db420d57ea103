// The order lines of data/online-retail-10k.csv and the price of one line. Nothing here talks to a server.

import { readFileSync } from 'node:fs';

const DATA = new URL('../data/online-retail-10k.csv', import.meta.url);

/** The line can't be billed; the message says why. */
export class Unbillable extends Error {}

/**
 * Yields each order line as the fields of a stream entry. `line` is its number in the file, from 1: the identity of the
 * line, by which every consumer recognises a line that it has seen before.
 */
export function* readLines() {
  const rows = parseCsv(readFileSync(DATA, 'utf8'));
  const names = rows.next().value;
  let number = 0;
  for (const row of rows) {
    number += 1;
    yield { line: String(number), ...Object.fromEntries(names.map((name, column) => [name, row[column]])) };
  }
}

/** Quantity times unit price. Money is counted in integers: sums of binary fractions drift. */
export function amountInPence(fields) {
  if (!fields.customer_id) throw new Unbillable('missing customer');
  const quantity = Number(fields.quantity);
  if (quantity < 0) throw new Unbillable('negative quantity');
  return quantity * Math.round(Number(fields.unit_price) * 100);
}

/** The rows of RFC 4180 text: a field may stand in quotes, a quote within is doubled. */
function* parseCsv(text) {
  const field = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r?\n|$)/y;
  let row = [];
  while (field.lastIndex < text.length) {
    const match = field.exec(text);
    if (!match) throw new Error(`${DATA.pathname}: not CSV after ${row.join()}`);
    const [, value, separator] = match;
    row.push(value.startsWith('"') ? value.slice(1, -1).replaceAll('""', '"') : value);
    if (separator !== ',') {
      yield row;
      row = [];
    }
  }
}
