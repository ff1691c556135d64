// A stand-in for a documented AutoModerate server, on npm socket.io. It behaves as the published documentation
// describes. With `--recovery on`, connection state recovery appends an offset to each broadcast as an extra argument.

import { randomBytes, createHash } from "node:crypto";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const here = dirname(fileURLToPath(import.meta.url));
const cache = process.env.STANDINS_CACHE ?? join(here, "../../../.cache/standins");
const modules = process.env.NODE_MODULES ?? join(cache, "npm/node_modules");
const { Server } = createRequire(join(modules, "resolve.js"))("socket.io");

const { values: flags } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    seed: { type: "string" },
    projects: { type: "string", default: "1" },
    "ping-interval": { type: "string", default: "25000" },
    "ping-timeout": { type: "string", default: "20000" },
    "max-payload": { type: "string", default: "1000000" },
    "no-stdin": { type: "boolean", default: false },
    recovery: { type: "string", default: "off" },
    refuse: { type: "string", default: "middleware" },
    denied: { type: "string", default: "error" },
    "max-connections": { type: "string", default: "10" },
    "max-events": { type: "string", default: "100" },
    "max-rooms": { type: "string", default: "50" },
  },
});
for (const [flag, allowed] of [
  ["recovery", ["on", "off"]],
  ["refuse", ["middleware", "disconnect"]],
  ["denied", ["error", "event"]],
]) {
  if (!allowed.includes(flags[flag])) {
    process.stderr.write(`--${flag} takes ${allowed.join(" or ")}\n`);
    process.exit(2);
  }
}
const limit = (flag) => Number(flags[flag]) || Number.POSITIVE_INFINITY;

// Identity of the server. With a seed, a restarted server keeps its ids and its key.
const root = flags.seed ?? randomBytes(16).toString("hex");
const derive = (name) => createHash("sha256").update(`${root}/${name}`).digest();
const uuid = (bytes) => {
  const b = Buffer.from(bytes.subarray(0, 16));
  b[6] = (b[6] & 0x0f) | 0x40;
  b[8] = (b[8] & 0x3f) | 0x80;
  return b.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
};
const projectIds = Array.from({ length: Math.max(1, Number(flags.projects)) }, (_, n) => uuid(derive(`project ${n}`)));
const otherProjectId = uuid(derive("other project"));
const apiKey = `am_${derive("api_key").toString("base64url")}`;

// State that tests read and change.
const state = {
  members: new Set(projectIds),
  refusing: false,
  keyValid: true,
  joinError: null,
  joinSilent: false,
  joinDelay: 0,
  connectionsTotal: 0,
  recoveredTotal: 0,
  attemptTimes: [],
  eventsReceived: {},
};

const http = createServer((request, response) => answerApi(request, response));
const connections = new Set();
http.on("connection", (connection) => {
  connections.add(connection);
  connection.on("close", () => connections.delete(connection));
  connection.on("error", () => {});
});

const io = new Server(http, {
  serveClient: false,
  cors: { origin: true, credentials: true },
  pingInterval: Number(flags["ping-interval"]),
  pingTimeout: Number(flags["ping-timeout"]),
  maxHttpBufferSize: Number(flags["max-payload"]),
  // Middlewares also run on recovery, so a client with refused credentials cannot recover its session.
  connectionStateRecovery:
    flags.recovery === "on" ? { maxDisconnectionDuration: 120_000, skipMiddlewares: false } : undefined,
});

const room = (projectId) => `project_${projectId}`;
const refused = (socket) => {
  const address = socket.handshake.address;
  const peers = [...io.sockets.sockets.values()].filter((s) => s !== socket && s.handshake.address === address);
  const authentic = state.keyValid && socket.handshake.query.api_key === apiKey;
  return state.refusing || !authentic || peers.length >= limit("max-connections");
};

io.use((socket, next) => {
  state.attemptTimes.push(Date.now() / 1000);
  socket.data.refused = refused(socket);
  next(socket.data.refused && flags.refuse === "middleware" ? new Error("Authentication failed") : undefined);
});

io.on("connection", (socket) => {
  if (socket.data.refused) {
    socket.emit("authentication_failed", { message: "Authentication failed" });
    socket.disconnect(true);
    return;
  }
  state.connectionsTotal += 1;
  if (socket.recovered) state.recoveredTotal += 1;
  const times = [];
  socket.use(([name], next) => {
    state.eventsReceived[name] = (state.eventsReceived[name] ?? 0) + 1;
    const now = Date.now();
    while (times.length > 0 && times[0] < now - 60_000) times.shift();
    if (times.length >= limit("max-events")) {
      socket.emit("error", { message: "Rate limit exceeded" });
      return; // the event reaches no handler
    }
    times.push(now);
    next();
  });

  // A handler that fails sends neither a reply nor an acknowledgement, and the connection stays open.
  const handle = (name, handler) =>
    socket.on(name, async (...args) => {
      const acknowledge = typeof args.at(-1) === "function" ? args.pop() : () => {};
      try {
        if ((await handler(...args)) !== false) acknowledge();
      } catch {
        // As documented, a failed handler sends nothing.
      }
    });

  handle("join_project", async (data) => {
    const projectId = data.project_id;
    if (projectId === undefined) throw new TypeError("project_id");
    if (state.joinDelay > 0) await new Promise((resolve) => setTimeout(resolve, state.joinDelay));
    if (state.joinSilent) return false;
    const rooms = [...socket.rooms].filter((name) => name.startsWith("project_"));
    if (state.joinError) {
      socket.emit("error", { message: state.joinError });
    } else if (!state.members.has(projectId)) {
      const name = flags.denied === "event" ? "project_access_denied" : "error";
      socket.emit(name, { message: "Access denied to project" });
    } else if (rooms.length >= limit("max-rooms") && !rooms.includes(room(projectId))) {
      socket.emit("error", { message: "Room limit exceeded" });
    } else {
      await socket.join(room(projectId));
      socket.emit("joined_project", { project_id: projectId });
    }
    return true;
  });
  handle("leave_project", async (data) => {
    const projectId = data.project_id;
    if (projectId === undefined) throw new TypeError("project_id");
    await socket.leave(room(projectId));
    socket.emit("left_project", { project_id: projectId });
    return true;
  });
});

// Moderation with the rules of the Python stand-ins, in the documented dialect.
const rules = [
  { name: "Spam words", type: "keyword", matches: (text) => text.includes("spamword"), decision: "rejected" },
  { name: "Allow list", type: "keyword", matches: (text) => text.includes("trustedword"), decision: "approved" },
  { name: "Phone numbers", type: "regex", matches: (text) => /\b\d{3}-\d{4}\b/.test(text), decision: "flagged" },
].map((rule) => ({ ...rule, id: uuid(randomBytes(16)) }));
const contents = [];

function decide(text) {
  if (text.includes("aiword")) {
    return { decision: "rejected", confidence: 0.93, reason: "The text harasses someone", moderator_type: "ai" };
  }
  const rule = rules.find((candidate) => candidate.matches(text));
  if (!rule) {
    return { decision: "approved", confidence: 0.9, reason: "Passed all project rules", moderator_type: "rule" };
  }
  return {
    decision: rule.decision,
    confidence: 0.8,
    reason: `Rule '${rule.name}' matched`,
    moderator_type: "rule",
    rule_id: rule.id,
    rule_name: rule.name,
    rule_type: rule.type,
  };
}

function moderate(projectId, { content: text, type, metadata }) {
  const started = performance.now();
  const result = { categories: {}, category_scores: {}, processing_time: 0.01, ...decide(text) };
  const now = `${new Date().toISOString().slice(0, 19)}Z`;
  const content = {
    id: uuid(randomBytes(16)),
    project_id: projectId,
    content_type: type ?? "text",
    content_data: text,
    meta_data: metadata ?? {},
    status: result.decision,
    created_at: now,
    updated_at: now,
    moderation_results: [result],
  };
  contents.unshift(content);
  const points = [...text];
  const update = {
    content_id: content.id,
    project_id: projectId,
    status: content.status,
    content_type: content.content_type,
    content_preview: points.length <= 100 ? text : `${points.slice(0, 100).join("")}...`,
    meta_data: content.meta_data,
    results_count: 1,
    processing_time: Math.round((performance.now() - started) / 10) / 100,
    moderator_type: result.moderator_type,
    moderator_name: "AI Rule",
    rule_name: result.rule_name ?? "Default",
    timestamp: now,
  };
  io.to(room(projectId)).emit("moderation_update", update);
  io.to(room(projectId)).emit("stats_update", statsUpdate(projectId));
  return { content, update };
}

function counts(projectId) {
  const ofProject = contents.filter((content) => content.project_id === projectId);
  const countOf = (status) => ofProject.filter((content) => content.status === status).length;
  const [approved, rejected, flagged] = ["approved", "rejected", "flagged"].map(countOf);
  return { ofProject, total: ofProject.length, approved, rejected, flagged };
}

function statsUpdate(projectId) {
  const { ofProject, total, approved, rejected, flagged } = counts(projectId);
  const rate = (n) => (total > 0 ? Math.round((n / total) * 1000) / 10 : 0);
  return {
    total_content: total,
    approved,
    rejected,
    flagged,
    approval_rate: rate(approved),
    rejection_rate: rate(rejected),
    flag_rate: rate(flagged),
    recent_activity: ofProject
      .slice(0, 10)
      .map((content) => ({ content_id: content.id, decision: content.status, timestamp: content.updated_at })),
  };
}

async function readJson(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString("utf8");
  return text.trim() ? JSON.parse(text) : {};
}

function reply(response, status, body) {
  const data = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { "content-type": "application/json", "content-length": data.length });
  response.end(data);
}

async function answerApi(request, response) {
  const url = new URL(request.url, "http://127.0.0.1");
  const fail = (status, error) => reply(response, status, { error });
  const isRoute = (method, path) => request.method === method && url.pathname === path;
  if (isRoute("GET", "/api/health")) {
    return reply(response, 200, { status: "healthy", service: "AutoModerate API", version: "1.0.0" });
  }
  if (!url.pathname.startsWith("/api/")) return fail(404, "Not found");
  const key = request.headers["x-api-key"];
  if (!key) return fail(401, "API key required");
  if (key !== apiKey || !state.keyValid) return fail(401, "Invalid API key");
  const projectId = projectIds[0];
  if (isRoute("POST", "/api/moderate")) {
    let body;
    try {
      body = await readJson(request);
    } catch {
      return fail(400, "Invalid JSON");
    }
    if (typeof body?.content !== "string" || !body.content.trim()) return fail(400, "Content is required");
    const { content } = moderate(projectId, body);
    const { id, status, moderation_results } = content;
    return reply(response, 200, { success: true, content_id: id, status, moderation_results });
  }
  const { ofProject, total, approved, rejected, flagged } = counts(projectId);
  if (isRoute("GET", "/api/content")) {
    const page = Number(url.searchParams.get("page") ?? 1);
    const perPage = Number(url.searchParams.get("per_page") ?? 20);
    if (!(page >= 1) || !(perPage >= 1 && perPage <= 100)) return fail(400, "page and per_page are out of range");
    const status = url.searchParams.get("status");
    const found = ofProject.filter((content) => !status || content.status === status);
    const pages = Math.ceil(found.length / perPage);
    const pagination = {
      page,
      pages,
      per_page: perPage,
      total: found.length,
      has_next: page < pages,
      has_prev: page > 1,
    };
    return reply(response, 200, {
      success: true,
      content: found.slice((page - 1) * perPage, page * perPage),
      pagination,
    });
  }
  if (isRoute("GET", "/api/stats")) {
    const approvalRate = total > 0 ? (approved / total) * 100 : 0;
    const stats = { total_content: total, approved, rejected, flagged, pending: 0, approval_rate: approvalRate };
    return reply(response, 200, { success: true, stats });
  }
  if (request.method === "GET" && url.pathname.startsWith("/api/content/")) {
    const content = ofProject.find((candidate) => url.pathname === `/api/content/${candidate.id}`);
    return content ? reply(response, 200, { success: true, content }) : fail(404, "Content not found");
  }
  return fail(404, "Not found");
}

function cut(how) {
  const count = connections.size;
  for (const connection of connections) how === "rst" ? connection.resetAndDestroy() : connection.destroy();
  return { cut: count };
}

const recipients = (projectId) => (projectId ? io.to(room(projectId)) : io);
const adminCalls = {
  "/emit": ({ event, project_id, args, ...rest }) => {
    recipients(project_id).emit(event, ...(args ?? ("data" in rest ? [rest.data] : [])));
    return {};
  },
  "/emit_binary": ({ event, project_id, bytes = 16, bare = false }) => {
    const payload = Buffer.from(Array.from({ length: bytes }, (_, n) => n % 256));
    recipients(project_id).emit(event, bare ? payload : { kind: "binary", payload });
    return { bytes };
  },
  "/moderate": ({ project_id = projectIds[0], ...body }) => {
    const { content, update } = moderate(project_id, body);
    return { content_id: content.id, status: content.status, update };
  },
  "/cut": ({ how }) => cut(how),
  "/disconnect_clients": () => {
    const disconnected = io.sockets.sockets.size;
    io.disconnectSockets();
    return { disconnected };
  },
  "/stats": () => ({
    connections_total: state.connectionsTotal,
    recovered_total: state.recoveredTotal,
    attempts_total: state.attemptTimes.length,
    attempt_times: state.attemptTimes,
    connected: io.sockets.sockets.size,
    events_received: state.eventsReceived,
    joined: Object.fromEntries(
      [...io.sockets.adapter.rooms]
        .filter(([name]) => name.startsWith("project_"))
        .map(([name, sids]) => [name.slice("project_".length), sids.size]),
    ),
  }),
  "/refuse": ({ on = true }) => ({ refusing: (state.refusing = Boolean(on)) }),
  "/joins": ({ error = null, silent = false, delay_ms = 0 }) => {
    Object.assign(state, { joinError: error, joinSilent: silent, joinDelay: delay_ms });
    return {};
  },
  "/access": ({ project_id = projectIds[0], member = true }) => {
    member ? state.members.add(project_id) : state.members.delete(project_id);
    return { members: [...state.members].sort() };
  },
  "/expire_sessions": () => {
    state.keyValid = false;
    return {};
  },
  "/restart_engine": () => {
    const result = cut("fin");
    // Sessions end without a CLOSE packet, as after a restart of the process, and cannot be recovered.
    for (const client of Object.values(io.engine.clients)) client.onClose("forced close");
    io.sockets.adapter.sessions?.clear();
    return result;
  },
};

const admin = createServer(async (request, response) => {
  const call = adminCalls[request.url];
  if (!call) return reply(response, 404, { error: `no such call: ${request.url}`, calls: Object.keys(adminCalls) });
  try {
    reply(response, 200, { ok: true, ...call(await readJson(request)) });
  } catch (error) {
    reply(response, 500, { ok: false, error: String(error) });
  }
});

const listen = (server, port) => new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
await Promise.all([listen(http, Number(flags.port)), listen(admin, 0)]);

for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => process.exit(0));
if (!flags["no-stdin"]) {
  process.stdin.on("close", () => process.exit(0));
  process.stdin.on("error", () => process.exit(0));
  process.stdin.resume();
}

process.stdout.write(
  `${JSON.stringify({
    base_url: `http://127.0.0.1:${http.address().port}`,
    project_id: projectIds[0],
    project_ids: projectIds,
    other_project_id: otherProjectId,
    api_key: apiKey,
    email: "admin@example.com",
    password: "Admin-Pass-123",
    admin_url: `http://127.0.0.1:${admin.address().port}`,
  })}\n`,
);
