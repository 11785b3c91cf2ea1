/**
 * A worker process: a data plane that is told over IPC what to serve.
 *
 * @module
 */
import process from "node:process";
import type { Logger } from "../observe/mod.ts";
import { DataPlane, type DataPlaneCounters } from "../proxy/mod.ts";
import type { FromWorker, ToWorker } from "./message.ts";

/** How often counters are sent when they have changed. */
const COUNTERS_PERIOD_MS = 1000;

/**
 * Serves until the control process says `close` or is gone; the process ends with it. Signals are the control process's
 * business: a terminal sends them to the whole group.
 *
 * @throws TypeError when the process has no IPC channel
 */
export function runWorker(logger: Logger): void {
  if (process.send === undefined) throw new TypeError("Cannot run as a worker: the process has no channel to a parent");
  const tell = (message: FromWorker): void => {
    // The channel may be gone already; then the process is about to end.
    if (process.connected) process.send!(message);
  };
  const dataPlane = new DataPlane({ logger });
  let told = "";
  const tellCounters = (): void => {
    const counters: DataPlaneCounters = dataPlane.counters();
    const text = JSON.stringify(counters);
    if (text === told) return;
    told = text;
    tell({ kind: "counters", counters });
  };
  const timer = setInterval(tellCounters, COUNTERS_PERIOD_MS);

  const handle = async (message: ToWorker): Promise<void> => {
    switch (message.kind) {
      case "apply":
        try {
          dataPlane.apply(message.update);
        } catch (error) {
          return tell({ kind: "refused", serial: message.serial, message: text(error) });
        }
        return tell({ kind: "applied", serial: message.serial });
      case "listen":
        try {
          await dataPlane.listen(message.options);
        } catch (error) {
          const code = (error as { code?: unknown }).code;
          return tell({ kind: "listen-failed", code: typeof code === "string" ? code : "", message: text(error) });
        }
        return tell({ kind: "listening", ...dataPlane.ports });
      case "close":
        await dataPlane.close(message.graceMs);
        clearInterval(timer);
        tellCounters();
        tell({ kind: "closed" });
        // Whoever reads the channel closes it once it has read that.
        return;
      default:
        message satisfies never;
    }
  };
  process.on("message", (message) => void handle(message as ToWorker));
  process.on("disconnect", () => process.exit(0));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
  tell({ kind: "started" });
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
