/**
 * Standard input of short-lived commands.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import process from "node:process";

/** Reads standard input to its end. `undefined` when it has more than `maxBytes`. */
export async function readStandardInput(maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin) {
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk as Buffer;
    length += bytes.length;
    if (length > maxBytes) return undefined;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks, length);
}
