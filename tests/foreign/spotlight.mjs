// Starts Spotlight on 127.0.0.1 and nowhere else, and writes to the descriptor FD once it listens: spotlight.mjs PORT FD
import fs from 'node:fs';
import net from 'node:net';
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (port, ...rest) {
  this.once('listening', () => fs.writeSync(Number(process.argv[3]), '.'));
  return listen.call(this, port, '127.0.0.1', ...rest.filter((argument) => typeof argument === 'function'));
};
const { setupSpotlight } = await import('@spotlightjs/spotlight');
await setupSpotlight({ port: Number(process.argv[2]), isStandalone: true });
