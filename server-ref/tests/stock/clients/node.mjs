// npm socket.io-client, controlled by lines of JSON on stdin; its events go to stdout.
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";

const { io } = createRequire(join(process.env.NODE_MODULES, "resolve.js"))("socket.io-client");

const say = (event, ...args) => process.stdout.write(`${JSON.stringify({ event, args })}\n`);
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
    socket.on("connect", () => say("connect"));
    socket.on("connect_error", (error) => say("connect_error", error.message));
    socket.on("disconnect", (reason) => say("disconnect", reason));
    socket.onAny((event, ...args) => say(event, ...args));
  },
  emit({ event, args, ack }) {
    if (ack) socket.emit(event, ...args, (...answer) => say("ack", ...answer));
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
