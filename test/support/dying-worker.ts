/**
 * A worker that takes every update, and dies when it should listen.
 *
 * @module
 */
import process from "node:process";
import { lineSplitter } from "../../src/worker/line-splitter.ts";
import type { FromWorker, ToWorker } from "../../src/worker/message.ts";

const tell = (message: FromWorker): void => void process.send!(message);
process.stdin.on(
  "data",
  lineSplitter((line) => {
    const message = JSON.parse(line) as ToWorker;
    if (message.kind === "apply") tell({ kind: "applied", serial: message.serial, log: [] });
    if (message.kind === "listen") process.exit(1);
  }),
);
tell({ kind: "started" });
