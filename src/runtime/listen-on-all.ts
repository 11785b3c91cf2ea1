/**
 * Listening on all addresses of the machine.
 *
 * @module
 */

/** An empty `address` stands for all addresses: `::`, which takes IPv4 too, or `0.0.0.0` on machines without IPv6. */
export async function listenOnAll<T>(address: string, listen: (address: string) => Promise<T>): Promise<T> {
  if (address !== "") return await listen(address);
  try {
    return await listen("::");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "EAFNOSUPPORT" && code !== "EADDRNOTAVAIL") throw error;
    return await listen("0.0.0.0");
  }
}
