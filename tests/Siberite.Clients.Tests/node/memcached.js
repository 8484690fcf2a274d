// npm's memcached: typed values, sizes and commands. Exits with 0 if all went as it should.
'use strict';

const assert = require('node:assert');
const { promisify } = require('node:util');
const Memcached = require('memcached');

const [host, port] = process.argv.slice(2);
const largest = 8 << 20;
const client = new Memcached(`${host}:${port}`, { poolSize: 1, maxValue: largest, timeout: 60000, retries: 0 });
const call = name => promisify(client[name]).bind(client);
const [get, set, del, getMulti, version, stats] =
  ['get', 'set', 'del', 'getMulti', 'version', 'stats'].map(call);

async function main() {
  const values = ['text', 'очередь', 42, 1.5, true, false, { a: [1, null, 'x'] }, [], Buffer.from([0, 13, 10, 255])];
  for (const value of values) {
    assert.strictEqual(await set('node-values', value, 0), true);
    assert.deepStrictEqual(await get('node-values'), value);
    assert.strictEqual(await get('node-values'), undefined);
  }

  for (const size of [1, 1 << 20, largest]) {
    const value = Buffer.alloc(size, 'abc');
    assert.strictEqual(await set('node-sizes', value, 0), true);
    assert.ok(value.equals(await get('node-sizes')), `${size} bytes differ`);
  }

  await set('node-a', 'a', 0);
  await set('node-b', 'b', 0);
  assert.deepStrictEqual({ ...await getMulti(['node-a', 'node-none', 'node-b']) }, { 'node-a': 'a', 'node-b': 'b' });

  await set('node-a', 'a', 0);
  assert.strictEqual(await del('node-a'), true);
  assert.strictEqual(await get('node-a'), undefined);

  // The client takes this reply apart, and throws where it does not end in three numbers.
  const [{ major, minor, bugfix }] = await version();
  assert.ok(Number(major) >= 1 && minor !== undefined && bugfix !== undefined);

  const [found] = await stats();
  assert.ok(Number(found.curr_connections) >= 1);
}

main().then(() => client.end(), error => {
  console.error(error);
  process.exit(1);
});
