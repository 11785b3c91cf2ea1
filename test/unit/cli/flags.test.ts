import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { describe, it } from "node:test";
import type { FlagSet } from "../../../src/cli/flag/declaration.ts";
import { formatFlags } from "../../../src/cli/flag/help.ts";
import { nearestName } from "../../../src/cli/flag/nearest.ts";
import { parseFlags, UsageError } from "../../../src/cli/flag/parse.ts";
import { formatFlagReference } from "../../../src/cli/flag/reference.ts";
import { RUN_FLAGS } from "../../../src/cli/flag/run-flags.ts";

const parse = (...args: string[]) => parseFlags(RUN_FLAGS, args);

function refuses(args: string[], message: string | RegExp): void {
  assert.throws(() => parse(...args), (error) => {
    assert.ok(error instanceof UsageError);
    if (typeof message === "string") assert.equal(error.message, message);
    else assert.match(error.message, message);
    return true;
  });
}

describe("parseFlags()", () => {
  it("reads a value behind a space and behind =", () => {
    const { values, given } = parse("--http-port", "8080", "--https-port=8443", "--manifests", "a", "--manifests=b");
    assert.equal(values["http-port"], 8080);
    assert.equal(values["https-port"], 8443);
    assert.deepEqual(values.manifests, ["a", "b"]);
    assert.deepEqual(given, ["http-port", "https-port", "manifests"]);
  });

  it("keeps defaults of what is not given", () => {
    const { values, given, rest } = parse();
    assert.equal(values["http-port"], 80);
    assert.deepEqual(values.manifests, []);
    assert.deepEqual(given, []);
    assert.deepEqual(rest, []);
  });

  it("takes the last of several values of a flag that is no list", () => {
    assert.equal(parse("--http-port=1", "--http-port=2").values["http-port"], 2);
  });

  const SWITCHES: readonly [string[], boolean, string[]][] = [
    [["--enable-metrics"], true, []],
    [["--enable-metrics=true"], true, []],
    [["--enable-metrics=T"], true, []],
    [["--enable-metrics=false"], false, []],
    [["--enable-metrics=0"], false, []],
    [["--enable-metrics", "true"], true, []],
    [["--enable-metrics", "false"], false, []],
    [["--enable-metrics", "dir"], true, ["dir"]],
    [["--enable-metrics", "--", "false"], true, ["false"]],
  ];
  for (const [args, value, rest] of SWITCHES) {
    it(`reads the switch ${args.join(" ")}`, () => {
      const parsed = parse(...args);
      assert.equal(parsed.values["enable-metrics"], value);
      assert.deepEqual(parsed.rest, rest);
    });
  }

  for (const args of [["-v", "3"], ["-v=3"], ["-v3"], ["--v=3"], ["--v", "3"]]) {
    it(`reads ${args.join(" ")} as klog does`, () => assert.equal(parse(...args).values.v, 3));
  }

  it("knows -h", () => assert.equal(parse("-h").values.help, true));

  it("leaves everything behind -- alone, and a single dash too", () => {
    assert.deepEqual(parse("a", "-", "--", "--http-port", "x").rest, ["a", "-", "--http-port", "x"]);
  });

  it("takes an empty value", () => {
    assert.equal(parse("--configmap=").values.configmap, "");
    assert.equal(parse("--watch-namespace", "").values["watch-namespace"], "");
  });

  it("reads durations as Go writes them", () => {
    assert.equal(parse("--election-ttl=1h2m3.5s").values["election-ttl"], 3_723_500);
    assert.equal(parse("--election-ttl=300ms").values["election-ttl"], 300);
    assert.equal(parse("--election-ttl=0").values["election-ttl"], 0);
    refuses(["--election-ttl=30"], 'invalid value "30" for --election-ttl: want a duration such as 30s or 1m30s');
    refuses(["--election-ttl=s"], /want a duration/);
    refuses(["--election-ttl=1s2"], /want a duration/);
  });

  it("refuses unknown flags, and names the nearest", () => {
    refuses(["--no-such-flag-at-all"], "unknown flag --no-such-flag-at-all");
    refuses(["--htttp-port=1"], "unknown flag --htttp-port (did you mean --http-port?)");
    refuses(["--manifest", "x"], "unknown flag --manifest (did you mean --manifests?)");
    refuses(["--healthz_port", "x"], "unknown flag --healthz_port (did you mean --healthz-port?)");
    refuses(["-http-port", "80"], "unknown flag -http-port (did you mean --http-port?)");
    refuses(["-x"], /^unknown flag -x/);
    refuses(["--__proto__=1"], "unknown flag --__proto__");
    refuses(["--constructor"], /^unknown flag --constructor/);
    refuses(["--" + "a".repeat(100_000)], /^unknown flag --a+$/);
  });

  it("says that a flag belongs to another command", () => {
    assert.throws(() => parseFlags({}, ["--http-port=1"], RUN_FLAGS), {
      name: "UsageError",
      message: "flag --http-port does not belong to this command",
    });
  });

  const BAD: readonly [string[], string][] = [
    [["--http-port"], "flag --http-port needs a value (PORT)"],
    [["--http-port=x"], 'invalid value "x" for --http-port: want a whole number from 0 to 65535'],
    [["--http-port", "70000"], 'invalid value "70000" for --http-port: want a whole number from 0 to 65535'],
    [["--http-port=-1"], 'invalid value "-1" for --http-port: want a whole number from 0 to 65535'],
    [["--http-port=1e3"], 'invalid value "1e3" for --http-port: want a whole number from 0 to 65535'],
    [["--http-port="], 'invalid value "" for --http-port: want a whole number from 0 to 65535'],
    [["--enable-metrics=yes"], 'invalid value "yes" for --enable-metrics: want true or false'],
    [["--log-format", "xml"], 'invalid value "xml" for --log-format: want one of text, json'],
    [["--configmap=controller"], 'invalid value "controller" for --configmap: want namespace/name'],
    [["--time-buckets=1,x"], 'invalid value "1,x" for --time-buckets: want a number'],
    [["--time-buckets=2,1"], 'invalid value "2,1" for --time-buckets: want rising numbers'],
    [["--manifests="], 'invalid value "" for --manifests: want a name'],
  ];
  for (const [args, message] of BAD) it(`refuses ${args.join(" ")}`, () => refuses(args, message));
});

describe("nearestName()", () => {
  it("finds slips of the finger, swaps and unfinished words", () => {
    const words = ["http-port", "https-port", "status-port", "bind-address"];
    assert.equal(nearestName("htpt-port", words), "http-port");
    assert.equal(nearestName("HTTP_PORT", words), "http-port");
    assert.equal(nearestName("bind", words), "bind-address");
    assert.equal(nearestName("something-else-entirely", words), undefined);
    assert.equal(nearestName("", words), undefined);
  });
});

describe("RUN_FLAGS", () => {
  // Names and defaults as ingress-nginx has them.
  // deno-fmt-ignore
  const KNOWN: Readonly<Record<string, unknown>> = {
    "apiserver-host": "", "certificate-authority": "", "kubeconfig": "", "default-backend-service": "",
    "ingress-class": "nginx", "controller-class": "k8s.io/ingress-nginx", "watch-ingress-without-class": false,
    "ingress-class-by-name": false, "configmap": "", "publish-service": "", "tcp-services-configmap": "",
    "udp-services-configmap": "", "sync-period": 0, "watch-namespace": "", "watch-namespace-selector": "",
    "profiling": true, "default-ssl-certificate": "", "health-check-path": "/healthz", "health-check-timeout": 10,
    "update-status": true, "election-id": "ingress-controller-leader", "election-ttl": 30_000,
    "update-status-on-shutdown": true, "report-node-internal-ip-address": false, "version": false,
    "enable-ssl-passthrough": false, "disable-leader-election": false, "disable-svc-external-name": false,
    "annotations-prefix": "nginx.ingress.kubernetes.io", "enable-annotation-validation": true,
    "enable-ssl-chain-completion": false, "sync-rate-limit": "0.3", "publish-status-address": [],
    "enable-metrics": false, "metrics-per-host": true, "metrics-per-undefined-host": false,
    "report-status-classes": false, "time-buckets": [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    "length-buckets": [10, 20, 30, 40, 50, 60, 70, 80, 90, 100],
    "size-buckets": [10, 100, 1000, 10000, 100000, 1e6, 1e7], "bucket-factor": 0, "max-buckets": 100,
    "exclude-socket-metrics": [], "monitor-max-batch-size": 10000, "http-port": 80, "https-port": 443,
    "ssl-passthrough-proxy-port": 442, "default-server-port": 8181, "healthz-port": 10254, "healthz-host": "",
    "disable-catch-all": false, "validating-webhook": "", "validating-webhook-certificate": "",
    "validating-webhook-key": "", "disable-full-test": false, "status-port": 10246, "stream-port": 10247,
    "internal-logger-address": "127.0.0.1:11514", "profiler-port": 10245, "profiler-address": "127.0.0.1",
    "status-update-interval": 60, "shutdown-grace-period": 0, "post-shutdown-grace-period": 10, "deep-inspect": true,
    "dynamic-configuration-retries": 15, "disable-sync-events": false, "enable-topology-aware-routing": false,
    "maxmind-mirror": "", "maxmind-license-key": "", "maxmind-edition-ids": ["GeoLite2-City", "GeoLite2-ASN"],
    "maxmind-retries-count": 1, "maxmind-retries-timeout": 0, "v": 0, "vmodule": "", "logtostderr": true,
    "alsologtostderr": false, "stderrthreshold": "2", "log_dir": "", "log_file": "", "log_file_max_size": 1800,
    "add_dir_header": false, "skip_headers": false, "skip_log_headers": false, "one_output": false,
    "log_backtrace_at": ":0",
  };
  it("has every flag of ingress-nginx with its default", () => {
    const flags: FlagSet = RUN_FLAGS;
    for (const name in KNOWN) assert.deepEqual(flags[name]?.default, KNOWN[name], name);
  });

  it("has defaults that its own parser takes", () => {
    const flags: FlagSet = RUN_FLAGS;
    for (const name in flags) {
      const flag = flags[name]!;
      if (flag.repeatable || flag.shownDefault === "") continue;
      assert.deepEqual(flag.parse(flag.shownDefault), flag.default, name);
    }
  });

  it("is printed by help, each flag once, in lines no wider than asked", () => {
    const help = formatFlags(RUN_FLAGS, 80);
    for (const name in RUN_FLAGS) assert.ok(help.includes(name.length === 1 ? `-${name}` : `--${name}`), name);
    for (const line of help.split("\n")) assert.ok(line.length <= 80, line);
  });

  it("is what docs/flags.md says (UPDATE_DOCS=1 writes it anew)", () => {
    const file = new URL("../../../docs/flags.md", import.meta.url);
    const page = formatFlagReference(RUN_FLAGS);
    if (process.env["UPDATE_DOCS"]) writeFileSync(file, page);
    assert.equal(readFileSync(file, "utf8"), page);
  });
});
