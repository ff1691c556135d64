// An npm socket.io server with default settings, except that it hardly ever pings and does not serve the client script.

import { createServer } from "node:http";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

const { Server } = createRequire(`${process.env.NODE_MODULES}/resolve.js`)("socket.io");

const PROJECT = "demo_project";
// Ping interval and timeout in milliseconds: longer than any run, because the benchmark's sockets answer no pings.
const LONG_PING = 600_000;
const update = JSON.parse(process.env.BENCH_UPDATE);

const http = createServer();
const io = new Server(http, { serveClient: false, pingInterval: LONG_PING, pingTimeout: LONG_PING });
io.on("connection", (socket) => {
  socket.emit("connected", { message: "Connected to AutoModerate" });
  socket.on("join_project", ({ project_id }) => {
    socket.join(`project_${project_id}`);
    socket.emit("joined_project", { project_id });
  });
});
await new Promise((resolve) => http.listen(0, "127.0.0.1", 1024, resolve));
console.log(JSON.stringify({ port: http.address().port, key: "", project: PROJECT }));

for await (const line of createInterface({ input: process.stdin })) {
  const { publish = 0, per_second } = Object(JSON.parse(line));
  const started = performance.now();
  for (let n = 0; n < publish; n++) {
    const pause = per_second ? started + (n * 1000) / per_second - performance.now() : 0;
    if (pause > 0) await sleep(pause);
    io.to(`project_${PROJECT}`).emit("moderation_update", { ...update, event_id: n });
  }
  const { user, system } = process.cpuUsage();
  console.log(JSON.stringify({ cpu: (user + system) / 1e6, memory: process.memoryUsage.rss() }));
}
process.exit();
