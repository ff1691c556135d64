// A client based on npm's socket.io-client. It reads commands as lines of JSON from stdin and writes its events to stdout.
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";

const { io } = createRequire(join(process.env.NODE_MODULES, "resolve.js"))("socket.io-client");

const report = (event, ...args) => process.stdout.write(`${JSON.stringify({ event, args })}\n`);
let socket;

const commands = {
  connect({ url, transports, query, headers, delay = 1 }) {
    socket = io(url, {
      transports,
      query,
      extraHeaders: headers,
      forceNew: true,
      reconnection: true,
      reconnectionDelay: delay * 1000,
      reconnectionAttempts: delay < 1 ? 100 : 5,
      timeout: 20000,
    });
    socket.on("connect", () => report("connect"));
    socket.on("connect_error", (error) => report("connect_error", error.message));
    socket.on("disconnect", (reason) => report("disconnect", reason));
    socket.onAny((event, ...args) => report(event, ...args));
  },
  emit({ event, args, ack }) {
    if (ack) socket.emit(event, ...args, (...answer) => report("ack", ...answer));
    else socket.emit(event, ...args);
  },
  disconnect() {
    socket.disconnect();
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  commands[command.do](command);
}
process.exit(0);
