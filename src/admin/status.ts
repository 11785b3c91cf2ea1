/**
 * Shows the configuration in force: the app on --status-port, on loopback only.
 *
 * @module
 */
import { type Context, Hono } from "hono";
import { formatStubStatus } from "../observe/mod.ts";
import { redact } from "../snapshot/mod.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { listBackends } from "./backends.ts";
import type { AdminSource } from "./source.ts";

/** Options of the status app. */
export interface StatusOptions {
  readonly source: AdminSource;
  /** Path of the health check. */
  readonly healthPath: string;
}

/** Makes the app. It only reads the configuration, and never shows private keys, not even at /configuration/certs. */
export function createStatusApp(options: StatusOptions): Hono {
  const { source, healthPath } = options;
  const app = new Hono();
  app.use((c: Context, next) =>
    isLocalHost(c.req.header("host")) ? next() : Promise.resolve(c.text("Forbidden\n", 403))
  );
  app.get(healthPath, (c: Context) => c.body(null, 200));
  app.get("/is-dynamic-lb-initialized", (c: Context) => source.snapshot() === null ? c.text("", 500) : c.text("OK"));
  app.get("/nginx_status", async (c: Context) => {
    await source.refresh?.();
    return c.text(formatStubStatus(source.serving()));
  });
  app.get("/configuration", (c: Context) => withSnapshot(c, source, (snapshot) => redact(snapshot)));
  app.get("/configuration/backends", (c: Context) => withSnapshot(c, source, listBackends));
  app.get(
    "/configuration/diagnostics",
    async (c: Context) => c.json(await source.locatedDiagnostics?.() ?? source.diagnostics()),
  );
  app.get("/configuration/certs", (c: Context) => {
    const hostname = c.req.query("hostname");
    if (hostname === undefined) return c.text("Hostname must be specified.\n", 400);
    const pem = certificateOf(source.snapshot(), hostname);
    return pem === undefined ? c.text("No key/cert pair exists for the specified hostname\n", 404) : c.text(pem);
  });
  return app;
}

function withSnapshot(c: Context, source: AdminSource, show: (snapshot: Snapshot) => unknown): Response {
  const snapshot = source.snapshot();
  if (snapshot === null) return c.text("no configuration is in force yet\n", 503);
  return c.body(JSON.stringify(show(snapshot)), 200, { "content-type": "application/json" });
}

/** Checks the Host field, so that a web page cannot reach this port by a name of its own (DNS rebinding). */
function isLocalHost(host: string | undefined): boolean {
  if (host === undefined) return true;
  const name = host.replace(/:\d+$/, "").toLowerCase();
  return name === "localhost" || name === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name);
}

function certificateOf(snapshot: Snapshot | null, hostname: string): string | undefined {
  if (snapshot === null) return undefined;
  const wanted = hostname.toLowerCase();
  for (const { tls } of Object.values(snapshot.virtualHosts)) {
    if (tls.kind === "terminate" && tls.serverNames.includes(wanted)) {
      return snapshot.certificates[tls.certificate]?.certificatePem;
    }
  }
  return undefined;
}
