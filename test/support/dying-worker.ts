/**
 * A worker that dies of the kind of message that its argument names; it takes every other.
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
    if (message.kind === process.argv[2]) process.exit(1);
    if (message.kind === "apply") tell({ kind: "applied", serial: message.serial, log: [] });
  }),
);
tell({ kind: "started" });
