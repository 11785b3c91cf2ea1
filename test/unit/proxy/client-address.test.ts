import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ClientAddress } from "../../../src/proxy/pipeline/client-address.ts";
import type { ServerExchange } from "../../../src/proxy/contract.ts";
import { FORWARDED_FOR } from "../../fixture/nginx/forwarded-for.ts";
import { fakeExchange } from "../../support/exchange.ts";
import { fakeGlobals } from "../../support/policy.ts";

/** An IPv4-mapped address is written as IPv4 here, everywhere. */
const MAPPED = /^::ffff:(?=\d+\.)/;

function addressOf(lines: readonly string[]): string {
  const { realIp } = fakeGlobals({
    realIp: { useForwardedHeaders: true, trustedCidrs: ["127.0.0.1/32", "10.0.0.0/8", "fd00::/8"] },
  });
  const exchange = fakeExchange({ headers: { "X-Forwarded-For": lines } });
  return new ClientAddress(realIp).of(exchange as ServerExchange);
}

describe("ClientAddress finds what nginx finds", () => {
  for (const [lines, address] of FORWARDED_FOR) {
    // the codec takes white space around a value away
    const values = lines.map((line) => line.trim());
    it(`in ${JSON.stringify(lines)}`, () => assert.equal(addressOf(values), address.replace(MAPPED, "")));
  }

  it("within a bounded number of steps", () => {
    assert.equal(addressOf(["1.2.3.4, " + "10.0.0.1, ".repeat(100_000)]), "10.0.0.1");
    assert.equal(addressOf([" ,".repeat(100_000)]), "127.0.0.1");
  });
});
