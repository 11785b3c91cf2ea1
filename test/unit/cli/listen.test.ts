import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FatalError } from "../../../src/cli/exit.ts";
import { diagnoseListeners, tellListenError } from "../../../src/cli/listen.ts";
import { listenOnAll } from "../../../src/runtime/mod.ts";

const failing = (code: string): Error => Object.assign(new Error(`listen ${code}`), { code });

/** Listens as a machine does on which `refused` addresses fail with `code`; gives the addresses that were tried. */
async function tried(address: string, refused: readonly string[], code: string): Promise<string[]> {
  const addresses: string[] = [];
  await listenOnAll(address, (each) => {
    addresses.push(each);
    return refused.includes(each) ? Promise.reject(failing(code)) : Promise.resolve();
  });
  return addresses;
}

describe("listenOnAll()", () => {
  it("takes the address that is asked for", async () => {
    assert.deepEqual(await tried("10.0.0.1", [], ""), ["10.0.0.1"]);
  });

  it("takes IPv6 and IPv4 together where it can", async () => assert.deepEqual(await tried("", [], ""), ["::"]));

  for (const code of ["EAFNOSUPPORT", "EADDRNOTAVAIL"]) {
    it(`takes IPv4 alone on a machine without IPv6 (${code})`, async () => {
      assert.deepEqual(await tried("", ["::"], code), ["::", "0.0.0.0"]);
    });
  }

  it("does not hide that a port is in use", async () => {
    await assert.rejects(tried("", ["::"], "EADDRINUSE"), { code: "EADDRINUSE" });
  });

  it("tries no other address than that asked for", async () => {
    await assert.rejects(tried("10.0.0.1", ["10.0.0.1"], "EADDRNOTAVAIL"), { code: "EADDRNOTAVAIL" });
  });
});

describe("diagnoseListeners()", () => {
  const listener = { name: "http", address: "", port: 80, protocol: "http", proxyProtocol: false } as const;

  it("says why a port cannot be had, and that it is tried again", () => {
    assert.deepEqual(diagnoseListeners([{ listener, code: "EADDRINUSE", message: "listen EADDRINUSE" }]), [{
      reason: "PortNotAvailable",
      severity: "error",
      message: "listen on all addresses, port 80 (http): the address is in use by another process",
      effect: "nothing is served there; it is tried again every two seconds",
    }]);
  });

  it("names the listener that has the port already", () => {
    const message = 'listener "http" has the same port';
    assert.deepEqual(diagnoseListeners([{ listener: { ...listener, name: "b" }, code: "SAME_PORT", message }]), [{
      reason: "PortNotAvailable",
      severity: "error",
      message: `listen on all addresses, port 80 (http): ${message}`,
      effect: 'nothing of listener "b" is served',
    }]);
  });
});

describe("tellListenError()", () => {
  const ROWS: readonly [code: string, address: string, port: number | undefined, message: RegExp][] = [
    ["EADDRINUSE", "", 80, /^cannot listen on all addresses, port 80 \(--http-port\): .* in use by another process$/],
    [
      "EADDRNOTAVAIL",
      "10.0.0.1",
      80,
      /on 10\.0\.0\.1, port 80 \(--http-port\): this machine does not have the address$/,
    ],
    ["EACCES", "", 80, /permission denied \(ports below 1024 need root or the capability CAP_NET_BIND_SERVICE\)$/],
    ["EMFILE", "", undefined, /port unknown \(--http-port\): listen EMFILE$/],
  ];
  for (const [code, address, port, message] of ROWS) {
    it(`says what ${code} means, without a stack`, () => {
      assert.throws(
        () => tellListenError(failing(code), address, port, "--http-port"),
        (error) => error instanceof FatalError && message.test(error.message),
      );
    });
  }
});
