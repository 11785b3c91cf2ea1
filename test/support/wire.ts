/**
 * Raw sockets on both sides of a front: a client that sends bytes as they are, a backend that answers as it is told.
 *
 * @module
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { type Clock, type Logger, systemClock } from "../../src/observe/mod.ts";
import type {
  ExchangeHandler,
  ForwardPlan,
  ForwardSettings,
  ServerExchange,
  WireSettings,
} from "../../src/proxy/contract.ts";
import { Wire } from "../../src/proxy/wire.ts";
import type { ProxyError } from "../../src/proxy-error.ts";
import type { Endpoint } from "../../src/snapshot/snapshot.ts";
import type { Opened } from "./opened.ts";
import { Waiting } from "./waiting.ts";

/** Bytes received so far, and waiting for more. */
export class Inbox {
  /** One char a byte. */
  text = "";
  ended = false;
  closed = false;
  error: Error | null = null;
  readonly #waiting: Waiting = new Waiting(
    () => this.closed,
    () => `received ${JSON.stringify(this.text.slice(-2000))}`,
  );

  constructor(readonly socket: Socket) {
    socket.on("data", (bytes) => {
      this.text += bytes.toString("latin1");
      this.#waiting.look();
    });
    socket.on("end", () => {
      this.ended = true;
      this.#waiting.look();
    });
    socket.on("error", (error) => this.error = error);
    socket.on("close", () => {
      this.closed = true;
      this.#waiting.look();
    });
  }

  /** Resolves when `condition` holds; it is looked at after each event. */
  until(condition: () => boolean, what: string): Promise<void> {
    return this.#waiting.until(condition, what);
  }

  /** Resolves when the text has arrived (again, `times` in all). */
  has(text: string, times = 1): Promise<void> {
    return this.until(() => this.text.split(text).length > times, JSON.stringify(text));
  }

  /** Resolves when the other side ended or cut; gives everything received. */
  async end(): Promise<string> {
    await this.until(() => this.ended || this.closed, "the end");
    return this.text;
  }
}

/** A client. */
export class RawClient extends Inbox {
  static open(port: number): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true }, () => {
        socket.off("error", reject);
        resolve(new RawClient(socket));
      });
      socket.once("error", reject);
    });
  }

  /** Sends text, one byte a char. */
  send(text: string): void {
    this.socket.write(text, "latin1");
  }
}

/** One connection of a backend. */
export class BackendConnection extends Inbox {
  constructor(readonly number: number, socket: Socket) {
    super(socket);
  }

  send(text: string): void {
    this.socket.write(text, "latin1");
  }
}

/** What a backend does with a connection. */
export type Serve = (connection: BackendConnection) => void | Promise<void>;

/** A backend: what it does with a connection is the test's. */
export class RawBackend {
  readonly connections: BackendConnection[] = [];
  readonly #server: Server;
  #arrived: (() => void)[] = [];

  private constructor(server: Server, readonly endpoint: Endpoint) {
    this.#server = server;
  }

  static async open(serve: Serve): Promise<RawBackend> {
    const server = createServer({ noDelay: true, allowHalfOpen: true });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const backend = new RawBackend(server, { address: "127.0.0.1", port, pod: `pod-${port}`, weight: 1 });
    server.on("connection", (socket) => {
      const connection = new BackendConnection(backend.connections.length, socket);
      backend.connections.push(connection);
      for (const arrived of backend.#arrived.splice(0)) arrived();
      Promise.resolve(serve(connection)).catch(() => socket.destroy());
    });
    return backend;
  }

  /** Resolves with the n-th connection (from 0). */
  async connection(n: number): Promise<BackendConnection> {
    while (this.connections.length <= n) await new Promise<void>((resolve) => this.#arrived.push(resolve));
    return this.connections[n]!;
  }

  close(): void {
    this.#server.close();
    for (const { socket } of this.connections) socket.destroy();
  }
}

/** An endpoint that refuses connections. */
export async function refusingEndpoint(): Promise<Endpoint> {
  const backend = await RawBackend.open(() => {});
  backend.close();
  return backend.endpoint;
}

/** Settings of the wire as ingress-nginx has them by default. */
export function wireSettings(settings: Partial<WireSettings> = {}): WireSettings {
  return {
    headerTimeoutMs: 60_000,
    bodyTimeoutMs: 60_000,
    keepAliveMs: 75_000,
    keepAliveRequests: 1000,
    sendTimeoutMs: 60_000,
    maxLineBytes: 8192,
    maxHeadBytes: 32768,
    maxFields: 128,
    dropUnderscores: true,
    upstreamIdle: { connections: 320, timeoutMs: 60_000, requests: 10_000, lifetimeMs: 3_600_000 },
    ...settings,
  };
}

/** Settings of a location as ingress-nginx has them by default. */
export function forwardSettings(settings: Partial<ForwardSettings> = {}): ForwardSettings {
  return {
    connectTimeoutMs: 5_000,
    sendTimeoutMs: 60_000,
    readTimeoutMs: 60_000,
    maxBodyBytes: 1024 * 1024,
    retry: {
      error: true,
      timeout: true,
      invalidHeader: false,
      statuses: [],
      nonIdempotent: false,
      tries: 3,
      timeoutMs: 0,
    },
    httpVersion: "1.1",
    requestBuffering: true,
    bodyBufferBytes: 8192,
    hideFields: new Set(["server", "x-accel-buffering"]),
    dropFields: new Set(["host", "x-real-ip", "proxy"]),
    ...settings,
  };
}

/** What happened to an exchange, noted when it ended. */
export interface Ended {
  readonly method: string;
  readonly target: string;
  readonly status: number;
  readonly attempts: ServerExchange["attempts"];
  readonly sentBytes: number;
  readonly requestBytes: number;
  readonly peerPort: number;
}

export interface TestFrontOptions {
  readonly endpoints?: readonly Endpoint[];
  readonly settings?: Partial<ForwardSettings>;
  readonly wire?: Partial<WireSettings>;
  readonly proxyProtocol?: boolean;
  readonly clock?: Clock;
  readonly maxDescriptors?: number;
  /** In place of forwarding. */
  readonly request?: (exchange: ServerExchange, plan: ForwardPlan) => void;
  readonly responseHead?: ExchangeHandler["responseHead"];
  readonly failure?: (exchange: ServerExchange, error: ProxyError) => void;
}

/** A front on a loopback port that forwards everything to its endpoints, one after the other. */
export class TestFront {
  readonly ended: Ended[] = [];
  readonly errors: ProxyError[] = [];
  readonly logged: string[] = [];
  readonly front: Wire;
  port = 0;
  #arrived: (() => void)[] = [];

  private constructor(options: TestFrontOptions) {
    const settings = forwardSettings(options.settings);
    const endpoints = options.endpoints ?? [];
    const log = (message: string): void => void this.logged.push(message);
    const logger: Logger = { debug: log, info: log, warning: log, error: log };
    this.front = new Wire({
      handler: {
        request: (exchange) => {
          const plan: ForwardPlan = {
            settings,
            target: exchange.target,
            fieldBlock: `Host: ${exchange.authority}\r\nX-Real-IP: ${exchange.clientAddress}\r\n`,
            pick: (attempt) => endpoints[attempt],
          };
          if (options.request === undefined) exchange.forward(plan);
          else options.request(exchange, plan);
        },
        responseHead: (exchange) => options.responseHead?.(exchange),
        failure: (exchange, error) => {
          this.errors.push(error);
          options.failure?.(exchange, error);
          return { status: error.status };
        },
        end: (exchange) => {
          const { method, target, status, attempts, sentBytes, requestBytes } = exchange;
          const { peerPort } = exchange.connection;
          this.ended.push({ method, target, status, attempts, sentBytes, requestBytes, peerPort });
          for (const arrived of this.#arrived.splice(0)) arrived();
        },
      },
      settings: wireSettings(options.wire),
      logger,
      clock: options.clock ?? systemClock,
      maxDescriptors: options.maxDescriptors ?? Infinity,
    });
  }

  static async open(options: TestFrontOptions): Promise<TestFront> {
    const front = new TestFront(options);
    const { proxyProtocol = false } = options;
    ({ port: front.port } = await front.front.listen({
      address: "127.0.0.1",
      port: 0,
      tls: null,
      spoken: () => ({ protocol: "http", proxyProtocol }),
    }));
    return front;
  }

  /** Resolves with the n-th exchange that ended (from 0). */
  async end(n: number): Promise<Ended> {
    while (this.ended.length <= n) await new Promise<void>((resolve) => this.#arrived.push(resolve));
    return this.ended[n]!;
  }

  client(): Promise<RawClient> {
    return RawClient.open(this.port);
  }

  /** Sends bytes on a connection of their own and gives back what came until the connection ended. */
  async exchange(bytes: string): Promise<string> {
    const client = await this.client();
    client.send(bytes);
    const text = await client.end();
    client.socket.destroy();
    return text;
  }

  close(): Promise<void> {
    return this.front.close(0);
  }
}

/** A front with a backend behind it, which stands for so many endpoints. */
export async function openPair(
  opened: Opened,
  serve: Serve,
  options: TestFrontOptions = {},
  endpoints = 1,
): Promise<{ readonly backend: RawBackend; readonly front: TestFront }> {
  const backend = opened.keep(await RawBackend.open(serve));
  const behind = Array<Endpoint>(endpoints).fill(backend.endpoint);
  const front = opened.keep(await TestFront.open({ endpoints: behind, ...options }));
  return { backend, front };
}

/** A backend that answers each request by what `answer` makes of it; requests are told apart by their heads only. */
export function answering(answer: (head: string) => string): Serve {
  return async (connection) => {
    for (;;) {
      await connection.until(() => connection.text.includes("\r\n\r\n") || connection.ended, "a request");
      const end = connection.text.indexOf("\r\n\r\n");
      if (end < 0) {
        connection.socket.end();
        return;
      }
      const head = connection.text.slice(0, end + 4);
      connection.text = connection.text.slice(end + 4);
      connection.send(answer(head));
    }
  };
}

/** A response as an echo: the request head is its body. */
export function echo(head: string): string {
  return `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${head.length}\r\n\r\n${head}`;
}

/** Sends so many bytes at the pace of the other side; tells after each part how many the socket has taken. */
export function pour({ socket }: Inbox, bytes: number, taken: (bytes: number) => void): void {
  const part = Buffer.alloc(65_536, "x");
  let sent = 0;
  const pump = (): void => {
    while (sent < bytes) {
      taken(sent += part.length);
      if (!socket.write(part)) return void socket.once("drain", pump);
    }
  };
  pump();
}
