// Finds ports that nobody listens at.

import { createServer } from 'node:net';

/** As many different free ports of this machine. All are held until all are found, so that none is given twice. */
export async function freePorts(count) {
  const holders = await Promise.all(Array.from({ length: count }, hold));
  const ports = holders.map((holder) => holder.address().port);
  await Promise.all(holders.map((holder) => new Promise((done) => holder.close(done))));
  return ports;
}

function hold() {
  return new Promise((held, failed) => {
    const server = createServer().once('error', failed);
    server.listen(0, '127.0.0.1', () => held(server));
  });
}
