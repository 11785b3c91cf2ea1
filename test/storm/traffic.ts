/**
 * What clients do for as long as the storm lasts. Each loop ends when `going` is false.
 *
 * @module
 */
import type { TLSSocket } from "node:tls";
import { END_HEADERS, END_STREAM, H2Client, request, Type } from "../support/h2-client.ts";
import { frame, uint32 } from "../support/h2-client.ts";
import { Connection, dial, EchoedWebSocket, type Target } from "./h1-client.ts";
import type { Judge } from "./judge.ts";

const PAUSE_MS = 10;
const STREAMS_AT_ONCE = 4;
const WEB_SOCKET_PAUSE_MS = 1500;
const UPLOAD = "x".repeat(20_000);

/** The storm, as its clients see it. */
export interface Weather {
  readonly judge: Judge;
  going: boolean;
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Requests one after the other, downloads and uploads, on one connection for as long as it may be used. */
export async function keepAsking(weather: Weather, target: Target, id: number): Promise<void> {
  const { judge } = weather;
  const what = target.tls ? "https" : "http";
  let connection: Connection | undefined;
  for (let n = 0; weather.going; n++) {
    if (connection === undefined || connection.over) {
      connection?.close();
      connection = new Connection(target);
    }
    const path = `/c${id}/${n}`;
    const upload = n % 5 === 4;
    try {
      const { status, body } = await connection.ask(upload ? "POST" : "GET", path, upload ? UPLOAD : "");
      if (status !== 200) judge.fail(`${what}: ${status} for ${path}`);
      else judgeEcho(judge, what, JSON.parse(body), path, upload ? UPLOAD.length : 0);
    } catch (error) {
      judge.lost(what, connection, error);
      connection.over = true;
    }
    await sleep(PAUSE_MS);
  }
  connection?.close();
}

function judgeEcho(judge: Judge, what: string, echo: { path: string; bodySize: number }, path: string, size: number) {
  if (echo.path === path && echo.bodySize === size) judge.count(what);
  else judge.fail(`${what}: asked for ${path} with ${size} bytes, answered to ${echo.path} with ${echo.bodySize}`);
}

/** As {@link keepAsking}, several streams at a time. */
export async function keepAskingH2(weather: Weather, target: Target, id: number): Promise<void> {
  const { judge } = weather;
  while (weather.going) {
    const whereabouts = { worker: 0, openedAtMs: performance.now() };
    let client: H2Client | undefined;
    try {
      client = await openH2(target);
      for (let stream = 1; weather.going && !client.frames.some((f) => f.type === Type.goaway);) {
        const batch = Array.from({ length: STREAMS_AT_ONCE }, (_, i) => stream + 2 * i);
        stream += 2 * STREAMS_AT_ONCE;
        client.send(...batch.map((n) =>
          frame(
            Type.headers,
            END_HEADERS | END_STREAM,
            n,
            request(`/h${id}/${n}`, { authority: target.host }),
          )
        ));
        for (const n of batch) {
          const refused = client.frames.find((f) => f.type === Type.goaway && f.payload.readUInt32BE(0) < n);
          if (refused !== undefined) break;
          await client.until(
            () =>
              client!.frames.some((f) =>
                (f.stream === n &&
                  (f.type === Type.reset || (f.type <= Type.headers && (f.flags & END_STREAM) !== 0))) ||
                (f.type === Type.goaway && f.payload.readUInt32BE(0) < n)
              ),
            `an answer on stream ${n}`,
          );
          if (client.frames.some((f) => f.type === Type.goaway && f.payload.readUInt32BE(0) < n)) break;
          const head = await client.head(n);
          const body = await client.body(n);
          whereabouts.worker = Number(head["x-worker"] ?? whereabouts.worker);
          if (head[":status"] !== "200") judge.fail(`h2: ${head[":status"]} for stream ${n}`);
          else judgeEcho(judge, "h2", JSON.parse(body.toString()), `/h${id}/${n}`, 0);
          if (body.length > 0) client.send(frame(Type.window, 0, 0, uint32(body.length)));
        }
        const goaway = client.frames.filter((f) => f.type === Type.goaway);
        client.frames.splice(0, client.frames.length, ...goaway);
        await sleep(PAUSE_MS);
      }
    } catch (error) {
      judge.lost("h2", whereabouts, error);
      await sleep(PAUSE_MS);
    } finally {
      client?.close();
    }
  }
}

function openH2(target: Target): Promise<H2Client> {
  return new Promise((resolve, reject) => {
    const socket = dial(target, ["h2"]) as TLSSocket;
    socket.once("close", () => reject(new Error("closed in its handshake")));
    socket.once("error", reject).once("secureConnect", () => {
      if (socket.alpnProtocol !== "h2") return reject(new Error(`ALPN chose ${socket.alpnProtocol}`));
      const client = new H2Client(socket);
      client.start();
      resolve(client);
    });
  });
}

/** One WebSocket with a message now and then; opened anew only when its worker was killed. */
export async function keepTalking(weather: Weather, target: Target, id: number): Promise<void> {
  const { judge } = weather;
  // all of them at once would wait for each other
  await sleep(id % WEB_SOCKET_PAUSE_MS);
  while (weather.going) {
    const socket = new EchoedWebSocket(target);
    try {
      const status = await socket.open();
      if (status !== 101) throw new Error(`answered by ${status}`);
      judge.count("WebSocket opened");
      for (let n = 0; weather.going; n++) {
        await socket.exchange(`message ${n} of ${id}`);
        judge.count("WebSocket message");
        // A connection that is lost while nobody talks counts as well.
        let timer: ReturnType<typeof setTimeout> | undefined;
        await new Promise<void>((resolve, reject) => {
          timer = setTimeout(resolve, WEB_SOCKET_PAUSE_MS);
          socket.connection.onLost = reject;
        }).finally(() => clearTimeout(timer));
        if (socket.connection.over) throw new Error("lost");
      }
    } catch (error) {
      judge.lost("WebSocket", socket.connection, error);
      await sleep(PAUSE_MS);
    } finally {
      socket.connection.close();
    }
  }
}
