import assert from "node:assert/strict";
import { createServer } from "node:net";
import process from "node:process";
import { describe, it } from "node:test";
import { openEcho } from "../support/echo.ts";
import { Opened } from "../support/opened.ts";
import { ask, ingressManifest, Running, runToEnd, Sallyport, serviceManifest } from "../support/sallyport.ts";

const backend = new Opened().keep(await openEcho());
const service: string = serviceManifest("echo", "127.0.0.1", backend.port);

const applied = (line: { message: string }) => line.message === "configuration applied";

describe("sallyport run", () => {
  it("serves a folder, follows its changes, and tells each in one line", async () => {
    await using sallyport = await Sallyport.start({ "echo.yaml": service + ingressManifest("a", "a.example", "echo") });
    const first = await sallyport.get("a.example", "/x?y=1");
    assert.equal(first.status, 200);
    assert.equal(JSON.parse(first.body).path, "/x?y=1");
    assert.equal((await sallyport.get("b.example", "/")).status, 404);

    let seen = sallyport.log.length;
    sallyport.write("b.yaml", ingressManifest("b", "b.example", "echo"));
    const line = await sallyport.logged(applied, seen);
    assert.equal(line["changed"], "Ingress/default/b");
    assert.equal(line["hosts"], 1);
    assert.equal(typeof line["ms"], "number");
    assert.equal((await sallyport.get("b.example", "/")).status, 200);

    seen = sallyport.log.length;
    sallyport.remove("b.yaml");
    assert.equal((await sallyport.logged(applied, seen))["hostsRemoved"], 1);
    assert.equal((await sallyport.get("b.example", "/")).status, 404);
    assert.equal((await sallyport.get("a.example", "/")).status, 200);
  });

  it("answers on the health and status ports", async () => {
    await using sallyport = await Sallyport.start(
      { "echo.yaml": service + ingressManifest("a", "a.example", "echo") },
      "--enable-metrics",
    );
    const { healthz, status } = sallyport.ports;
    assert.equal((await ask(healthz, "/healthz")).body, "ok");
    assert.match((await ask(healthz, "/metrics")).body, /^nginx_ingress_controller_success\{.*\} 1$/m);
    const backends = JSON.parse((await ask(status, "/configuration/backends")).body);
    const echo = backends.find((b: { name: string }) => b.name === "default-echo-80");
    assert.deepEqual(echo.endpoints, [{ address: "127.0.0.1", port: String(backend.port) }]);
    assert.ok("a.example" in JSON.parse((await ask(status, "/configuration")).body).virtualHosts);
  });

  it("names findings in the log and on the status port", async () => {
    await using sallyport = await Sallyport.start({
      "a.yaml": ingressManifest("a", "a.example", "nowhere"),
      "bad.yaml": "kind: Ingress\n  broken: [",
    });
    await sallyport.logged((line) => String(line["file"]).includes("bad.yaml"));
    const found = JSON.parse((await ask(sallyport.ports.status, "/configuration/diagnostics")).body);
    assert.ok(found.some((d: { source?: { file: string } }) => d.source?.file.endsWith("bad.yaml")));
    assert.ok(found.some((d: { object?: { name: string } }) => d.object?.name === "a"));
    assert.equal((await sallyport.get("a.example", "/")).status, 503);
  });

  it("names the same line and column on the status port as in the log, also when the object has moved", async () => {
    const annotations = "annotations: {nginx.ingress.kubernetes.io/no-such-thing: x}, ";
    const text = ingressManifest("a", "a.example", "nowhere").replace("{name: a}", `{${annotations}name: a}`);
    const misspelt = ingressManifest("b", "b.example", "nowhere").replace("host:", "hosts:");
    await using sallyport = await Sallyport.start({ "a.yaml": `# first\n${text}${misspelt}` });
    const places = async () => {
      const found: {
        reason: string;
        source: { file: string; line: number; column?: number };
        object: { name: string };
      }[] = JSON.parse((await ask(sallyport.ports.status, "/configuration/diagnostics")).body);
      return found.map(({ reason, object: { name }, source }) => `${reason} ${name} ${source.line}:${source.column}`);
    };
    await sallyport.logged((line) => line["reason"] === "AnnotationNotHonoured");
    const logged = sallyport.log.filter((line) => "reason" in line).map((line) => {
      const [lineNumber = line["line"], column = line["column"]] =
        /:(\d+):(\d+)$/.exec(String(line["file"]))?.slice(1) ?? [];
      return `${line["reason"]} ${String(line["object"]).split("/").at(-1)} ${lineNumber}:${column}`;
    });
    const first = await places();
    assert.deepEqual(first.toSorted(), logged.toSorted());
    assert.ok(first.includes("AnnotationNotHonoured a 4:69"), first.join("\n"));
    assert.ok(first.includes("UnknownField b 17:12"), first.join("\n"));

    sallyport.write("a.yaml", `# first\n# second\n# third\n${text}${misspelt}`);
    sallyport.write("b.yaml", ingressManifest("c", "c.example", "nowhere"));
    await sallyport.logged((line) => line["changed"] === "Ingress/default/c");
    await sallyport.logged((line) => line["object"] === "Ingress/default/c");
    const moved = first.map((place) => place.replace(/(\d+):/, (_, line) => `${Number(line) + 2}:`));
    let now: string[] = [];
    // The file that only moved its objects may be read after the other one.
    do now = (await places()).filter((place) => !place.includes(" c ")); while (now.join() === first.join());
    assert.deepEqual(now, moved);
  });

  it("says at the start which ExternalNames have no address", async () => {
    await using sallyport = await Sallyport.start({
      "a.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: out}\n" +
        "spec: {type: ExternalName, externalName: no-such-name.invalid}\n---\n" +
        ingressManifest("a", "a.example", "out"),
    });
    const line = await sallyport.logged((line) => line["reason"] === "ExternalNameUnresolved");
    assert.equal(line["object"], "Service/default/out");
    assert.match(String(line["file"]), /a\.yaml:4:42$/);
  });

  it("says which given flags are not honoured", async () => {
    await using sallyport = await Sallyport.start(
      {},
      "--enable-ssl-passthrough",
      "--publish-service=a/b",
      "--profiling=false",
    );
    const flags = sallyport.log.filter((line) => "flag" in line || "flags" in line);
    assert.deepEqual(flags.map((line) => line["flag"] ?? line["flags"]), [
      "--enable-ssl-passthrough",
      "--publish-service",
    ]);
  });

  it("reads everything again on SIGHUP, and serves on", async () => {
    await using sallyport = await Sallyport.start({ "echo.yaml": service + ingressManifest("a", "a.example", "echo") });
    sallyport.signal("SIGHUP");
    await sallyport.logged((line) => line.message === "manifests are read again");
    assert.equal((await sallyport.get("a.example", "/")).status, 200);
  });

  it("serves from several processes, of which one may die", async () => {
    const manifests = { "echo.yaml": service + ingressManifest("a", "a.example", "echo") };
    await using sallyport = await Sallyport.start(manifests, "--workers=2");
    assert.equal((await sallyport.get("a.example", "/")).status, 200);
    let seen = sallyport.log.length;
    sallyport.write("b.yaml", ingressManifest("b", "b.example", "echo"));
    await sallyport.logged(applied, seen);
    // The kernel deals connections out to both.
    for (let i = 0; i < 20; i++) assert.equal((await sallyport.get("b.example", "/")).status, 200);

    seen = sallyport.log.length;
    process.kill(sallyport.workers[0]!, "SIGKILL");
    await sallyport.logged((line) => line.message === "worker serves again", seen);
    for (let i = 0; i < 20; i++) assert.equal((await sallyport.get("b.example", "/")).status, 200);
    const workers = sallyport.workers;
    assert.equal(workers.length, 2);
    sallyport.signal("SIGTERM");
    assert.equal((await sallyport.ended).code, 0);
    for (const pid of workers) assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
  });

  it("ends with status 0 on SIGTERM, after the request in flight", async () => {
    await using sallyport = await Sallyport.start({ "echo.yaml": service + ingressManifest("a", "a.example", "echo") });
    const slow = sallyport.get("a.example", "/?delay=700");
    // The backend has it when a second request, behind it, has been answered.
    await sallyport.get("a.example", "/");
    sallyport.signal("SIGTERM");
    await sallyport.logged((line) => line.message === "shutting down");
    const health = await ask(sallyport.ports.healthz, "/healthz");
    assert.equal(health.status, 500);
    assert.equal((await slow).status, 200);
    const { code, signal, stdout } = await sallyport.ended;
    assert.deepEqual({ code, signal }, { code: 0, signal: null });
    assert.match(stdout, /delay=700/);
    assert.equal(sallyport.log.at(-1)!.message, "ended");
  });

  it("ends with status 0 on SIGINT when there is nothing to do", async () => {
    await using sallyport = await Sallyport.start({});
    sallyport.signal("SIGINT");
    assert.equal((await sallyport.ended).code, 0);
  });

  it("ends with status 0 on a signal while it starts", async () => {
    const ports = ["--http-port=0", "--https-port=0", "--healthz-port=0", "--status-port=0"];
    await using other = await Sallyport.start({});
    const starting = new Running(["--manifests", other.folder, "--bind-address=127.0.0.1", ...ports]);
    await new Promise<void>((resolve) => starting.onStderr = resolve);
    process.kill(starting.child.pid!, "SIGTERM");
    const { code, stderr } = await starting.ended;
    assert.equal(code, 0);
    assert.match(stderr, /stopped/);
  });

  it("ends at once on a second signal", async () => {
    await using sallyport = await Sallyport.start({ "echo.yaml": service + ingressManifest("a", "a.example", "echo") });
    const slow = sallyport.get("a.example", "/?delay=60000").catch(() => "cut");
    await sallyport.get("a.example", "/");
    sallyport.signal("SIGTERM");
    await sallyport.logged((line) => line.message === "shutting down");
    assert.equal((await sallyport.insist("SIGTERM")).code, 143);
    assert.equal(await slow, "cut");
  });

  it("takes SIGINT of a terminal and SIGTERM of a script right behind it for one wish", async () => {
    await using sallyport = await Sallyport.start({ "echo.yaml": service + ingressManifest("a", "a.example", "echo") });
    const slow = sallyport.get("a.example", "/?delay=500");
    await sallyport.get("a.example", "/");
    sallyport.signal("SIGINT");
    await sallyport.logged((line) => line.message === "shutting down");
    sallyport.signal("SIGTERM");
    assert.equal((await slow).status, 200);
    assert.equal((await sallyport.ended).code, 0);
  });

  it("ends with status 1 when a port is in use, and names it", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const { port } = taken.address() as { port: number };
    const others = ["--https-port=0", "--healthz-port=0", "--status-port=0", "--bind-address=127.0.0.1"];
    await using sallyport = await Sallyport.start({});
    const { code, stderr } = await runToEnd(["--manifests", sallyport.folder, "--http-port", String(port), ...others]);
    taken.close();
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`sallyport: cannot listen on 127.0.0.1, port ${port} .*in use`));
  });

  const REFUSED: readonly [string, string[], number, RegExp][] = [
    ["an unknown flag", ["--no-such-flag-at-all"], 2, /unknown flag --no-such-flag-at-all\n/],
    ["no manifests", [], 2, /flag --manifests is required/],
    ["a folder that is missing", ["--manifests=/no/such/folder"], 1, /\/no\/such\/folder/],
    [
      "flags that exclude each other",
      ["--manifests=x", "--watch-namespace=a", "--watch-namespace-selector=foo=bar"],
      2,
      /--watch-namespace and --watch-namespace-selector are mutually exclusive/,
    ],
    [
      "a selector that is none",
      ["--manifests=x", "--watch-namespace-selector=a b"],
      2,
      /invalid value "a b" for --watch-namespace-selector: want a label selector/,
    ],
    ["a port twice", ["--manifests=x", "--http-port=81", "--https-port=81"], 2, /same port, 81/],
    ["an argument", ["run", "x"], 2, /unexpected argument "x"/],
    ["an unknown command", ["rnu"], 2, /unknown command rnu \(did you mean run\?\)/],
    ["help about an unknown command", ["help", "chekc"], 2, /unknown command chekc \(did you mean check\?\)/],
    [
      "a worker that nobody started",
      ["worker"],
      1,
      /^sallyport: worker processes are started by run, see --workers\n$/,
    ],
    ["a name for an address", ["--manifests=x", "--bind-address=localhost"], 2, /want an IP address/],
  ];
  for (const [what, args, status, message] of REFUSED) {
    it(`refuses ${what}`, async () => {
      const ports = ["--healthz-port=0", "--status-port=0"];
      const { code, stderr, stdout } = await runToEnd(status === 1 ? [...args, ...ports] : args);
      assert.equal(code, status);
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /^ +at /m, "no stack");
      assert.equal(stdout, "");
    });
  }

  it("prints help and version", async () => {
    const help = await runToEnd(["--help"]);
    assert.equal(help.code, 0);
    assert.match(help.stdout, /--manifests DIR\n/);
    for (const same of [["help"], ["help", "run"], ["help", "--help"]]) {
      assert.equal((await runToEnd(same)).stdout, help.stdout, same.join(" "));
    }
    assert.match((await runToEnd(["help", "check"])).stdout, /^Usage: sallyport check PATH/);
    assert.match((await runToEnd(["--version"])).stdout, /^sallyport \d+\.\d+\.\d+/);
  });
});
