/**
 * Clients that do nothing, or next to it: idle ones, and those that are slow in each way there is. For clients.ts.
 */
import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { DOWNLOAD } from "./workload.ts";

/** Connections that are opened at a time. */
const AT_ONCE = 64;
/** Between two bytes of a slow client. */
const PACE_MS = 1000;
/** More than any proxy keeps in memory of a body, so that it is in a file. */
const UPLOADED_BYTES = 32 * 1024;
const UPLOAD_BYTES = 1024 * 1024;
const DRIP = Buffer.alloc(64, "x");

/** Whom to connect to. */
export interface Target {
  readonly port: number;
  readonly tls: boolean;
  readonly host: string;
}

/** Resolves when the client has come as far as it will, or is on its slow way. */
export type Client = (target: Target) => Promise<Socket>;

/** Kinds of clients, and how many of them make a measurement. Responses that wait take megabytes of the kernel's memory each. */
export const KINDS = {
  idle: { client: idle, count: 4000, doing: "have had one answer, and stay" },
  "idle-h2": { client: idleH2, count: 4000, doing: "have had one answer over HTTP/2, and stay" },
  "slow-head": { client: slowHead, count: 4000, doing: "send 40 bytes of a head, then one a second" },
  "slow-upload": { client: slowUpload, count: 2000, doing: "send 32 KiB of a body, then 64 bytes a second" },
  "slow-reader": { client: slowReader, count: 1000, doing: "read nothing of a response of 64 MiB but its beginning" },
} as const satisfies Record<string, { client: Client; count: number; doing: string }>;

/** One of {@link KINDS}. */
export type Kind = keyof typeof KINDS;

/** So many clients. */
export async function openClients(count: number, open: () => Promise<Socket>): Promise<Socket[]> {
  const sockets: Socket[] = [];
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, async (_, i) => {
    for (let n = i; n < count; n += AT_ONCE) sockets.push(await open());
  }));
  return sockets;
}

function dial({ port, tls, host }: Target, protocol = "http/1.1"): Promise<Socket> {
  return new Promise((done, failed) => {
    const at = { port, host: "127.0.0.1" };
    const ready = (): void => {
      socket.off("error", failed).on("error", () => {});
      done(socket);
    };
    const socket: Socket = tls
      ? connectTls({ ...at, servername: host, rejectUnauthorized: false, ALPNProtocols: [protocol] }, ready)
      : connect({ ...at, noDelay: true }, ready);
    socket.once("error", failed);
  });
}

const head = (method: string, path: string, host: string, fields = ""): string =>
  `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: bench\r\nAccept: */*\r\n${fields}\r\n`;

async function idle(target: Target): Promise<Socket> {
  const socket = await dial(target);
  socket.write(head("GET", "/service-0/x", target.host));
  await new Promise((done) => socket.once("data", done));
  return socket;
}

async function slowHead(target: Target): Promise<Socket> {
  const socket = await dial(target);
  const text = head("GET", "/service-0/x", target.host, `X-Long: ${"x".repeat(2000)}\r\n`);
  let at = 40;
  socket.write(text.slice(0, at));
  drip(socket, () => text[at++ % text.length]!);
  return socket;
}

async function slowUpload(target: Target): Promise<Socket> {
  const socket = await dial(target);
  const text = head("POST", "/service-0/x", target.host, `Content-Length: ${UPLOAD_BYTES}\r\n`);
  socket.write(Buffer.concat([Buffer.from(text, "latin1"), Buffer.alloc(UPLOADED_BYTES, "x")]));
  drip(socket, () => DRIP);
  return socket;
}

async function slowReader(target: Target): Promise<Socket> {
  const socket = await dial(target);
  socket.write(head("GET", DOWNLOAD.path, target.host));
  await new Promise<void>((done) =>
    socket.once("data", () => {
      socket.pause();
      done();
    })
  );
  return socket;
}

function drip(socket: Socket, next: () => string | Buffer): void {
  const timer = setInterval(() => socket.write(next()), PACE_MS);
  socket.once("close", () => clearInterval(timer));
}

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");
const FrameType = { headers: 1, settings: 4 } as const;
const ACK = 1;
const END_STREAM = 1;
const END_HEADERS = 4;
const FRAME_HEAD_BYTES = 9;

function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const bytes = Buffer.alloc(FRAME_HEAD_BYTES);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(stream, 5);
  return Buffer.concat([bytes, payload]);
}

/** RFC 7541, section 6.2.2: without indexing, with a new name; both shorter than 127 bytes. */
function literalField(name: string, value: string): Buffer {
  const text = (bytes: string): Buffer => Buffer.from(`${String.fromCharCode(bytes.length)}${bytes}`, "latin1");
  return Buffer.concat([Buffer.from([0]), text(name), text(value)]);
}

/** Frames by hand: a session of node:http2 would cost this process more than it does the proxy. */
async function idleH2(target: Target): Promise<Socket> {
  const socket = await dial(target, "h2");
  const block = Buffer.concat([
    literalField(":method", "GET"),
    literalField(":scheme", "https"),
    literalField(":path", "/service-0/x"),
    literalField(":authority", target.host),
  ]);
  socket.write(Buffer.concat([
    PREFACE,
    frame(FrameType.settings, 0, 0),
    frame(FrameType.headers, END_STREAM | END_HEADERS, 1, block),
  ]));
  await new Promise<void>((done, failed) => {
    let received = Buffer.alloc(0);
    socket.once("close", () => failed(new Error("the connection was closed")));
    socket.on("data", (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      while (received.length >= FRAME_HEAD_BYTES) {
        const length = FRAME_HEAD_BYTES + received.readUIntBE(0, 3);
        if (received.length < length) return;
        const [type = 0, flags = 0] = received.subarray(3);
        if (type === FrameType.settings && (flags & ACK) === 0) socket.write(frame(FrameType.settings, ACK, 0));
        if (type !== FrameType.settings && (flags & END_STREAM) !== 0 && received.readUInt32BE(5) === 1) done();
        received = received.subarray(length);
      }
    });
  });
  return socket;
}
