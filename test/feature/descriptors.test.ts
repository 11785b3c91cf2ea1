import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { request } from "node:https";
import { connect, type Socket } from "node:net";
import process from "node:process";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openEcho } from "../support/echo.ts";
import { Opened } from "../support/opened.ts";
import { ingressManifest, Sallyport, serviceManifest } from "../support/sallyport.ts";

const LIMIT = 256;
const CLIENTS = 400;
const TRIES = 50;
/** Of one processor, over which a program that has nothing to do has lost its way. */
const MAX_LOAD = 0.5;

const backend = new Opened().keep(await openEcho());

/** Seconds. */
function processorTime(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Opens a connection that says nothing; resolves when it is there, or was refused. */
function crowd(port: number): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.on("error", () => {});
    socket.once("connect", () => resolve(socket)).once("close", () => resolve(socket));
  });
}

function secureStatus(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, servername: "a.example", headers: { host: "a.example" } };
    request({ ...options, rejectUnauthorized: false, agent: false }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode!));
    }).on("error", reject).end();
  });
}

const SKIP = process.platform !== "linux";

/** The first 200, or what came at last. */
async function statusInTime(ask: () => Promise<number>): Promise<number> {
  for (let tries = 0;; tries++) {
    const late = sleep(1000, 0, { ref: false });
    const status = await Promise.race([ask().catch(() => 0), late]);
    if (status === 200 || tries === TRIES) return status;
    await sleep(100);
  }
}

describe("the program with few descriptors", { skip: SKIP }, () => {
  for (const scheme of ["http", "https"] as const) {
    it(`finishes what it has, rests, and goes on when a crowd on the ${scheme} port has left`, async () => {
      const manifests = {
        "echo.yaml": serviceManifest("echo", "127.0.0.1", backend.port) + ingressManifest("a", "a.example", "echo"),
      };
      await using sallyport = await Sallyport.startWithFiles(LIMIT, manifests, "--workers=0");
      const { ports, pid } = sallyport;
      assert.equal((await sallyport.get("a.example", "/")).status, 200);
      const inFlight = sallyport.get("a.example", "/?delay=2500");
      // The backend has it when a second request, behind it, has been answered.
      await sallyport.get("a.example", "/");

      const sockets = await Promise.all(Array.from({ length: CLIENTS }, () => crowd(ports[scheme])));
      await sleep(500);
      const used = processorTime(pid);
      await sleep(1000);
      assert.ok(processorTime(pid) - used < MAX_LOAD, "it spins");
      assert.equal((await inFlight).status, 200);

      const closed = sockets.map((socket) =>
        socket.destroyed ? undefined : new Promise((resolve) => socket.once("close", resolve).destroy())
      );
      await Promise.all(closed);
      // What the kernel tells of the crowd's end is read in turn; Deno has to open a listener that ran dry anew.
      assert.equal(await statusInTime(() => sallyport.get("a.example", "/").then((told) => told.status)), 200);
      assert.equal(await statusInTime(() => secureStatus(ports.https)), 200);
      const told = sallyport.log.filter((line) => line.level === "error").map((line) => line.message);
      // each once: that connections are refused, and on Deno that a listener had to be opened anew
      assert.ok(told.length <= 2 && new Set(told).size === told.length, told.join("\n"));
    });
  }
});
