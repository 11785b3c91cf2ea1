/**
 * Health and metrics: the app on --healthz-port.
 *
 * @module
 */
import { type Context, Hono } from "hono";
import { EXPOSITION_TYPE, formatMetrics, type MetricFamily } from "../observe/mod.ts";
import type { AdminSource, SourceHealth } from "./source.ts";

/** Options of the health app. */
export interface HealthOptions {
  readonly source: AdminSource;
  /** Path of the health check. */
  readonly path: string;
  /** Returns the families that /metrics shows. */
  readonly metrics: () => readonly MetricFamily[];
}

/** Names of the checks, as in ingress-nginx. */
const CHECKS = ["ping", "nginx-ingress-controller"] as const;

/**
 * `PATH` answers 200 `ok` while requests are served, or else 500 with the failed checks; `?verbose` lists all checks;
 * `PATH/CHECK` answers for one. `/metrics` is Prometheus text. All other paths answer 404.
 */
export function createHealthApp(options: HealthOptions): Hono {
  const { source, path, metrics } = options;
  const app = new Hono();
  const failing = (check: (typeof CHECKS)[number]): string | null => check === "ping" ? null : source.unready();

  app.get(path, (c: Context) => {
    const reasons = CHECKS.map((check) => [check, failing(check)] as const);
    const failed = reasons.some(([, reason]) => reason !== null);
    if (!failed && c.req.query("verbose") === undefined) return c.text("ok");
    const lines = reasons.map(([check, reason]) =>
      reason === null ? `[+]${check} ok` : `[-]${check} failed: ${reason}`
    );
    for (const health of source.sources?.() ?? []) lines.push(formatSourceHealth(health));
    lines.push(`healthz check ${failed ? "failed" : "passed"}`);
    return c.text(lines.join("\n") + "\n", failed ? 500 : 200);
  });
  for (const check of CHECKS) {
    app.get(`${path}/${check}`, (c: Context) => {
      const reason = failing(check);
      return reason === null ? c.text("ok") : c.text(`internal server error: ${reason}\n`, 500);
    });
  }
  app.get("/metrics", async (c: Context) => {
    await source.refresh?.();
    return c.body(formatMetrics(metrics()), 200, { "content-type": EXPOSITION_TYPE });
  });
  return app;
}

/** A degraded source keeps what it has told in force, so it fails no check. */
function formatSourceHealth({ name, state }: SourceHealth): string {
  switch (state.kind) {
    case "starting":
      return `[-]source ${name} failed: it has not told all of its objects yet`;
    case "degraded":
      return `[+]source ${name} degraded: ${state.reason}`;
    case "synced":
      return `[+]source ${name} ok`;
    default:
      return state satisfies never;
  }
}
