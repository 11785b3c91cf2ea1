/**
 * Reads from an ELF executable which shared libraries it needs, as `readelf -d` would tell, on machines without it.
 *
 * @see System V ABI, chapters "Program Header" and "Dynamic Section"
 */

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const DT_NEEDED = 1n;
const DT_STRTAB = 5n;

/** Names in its DT_NEEDED entries. Throws a SyntaxError for anything but a 64-bit little-endian ELF file. */
export function neededLibraries(file: Uint8Array): string[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < 64 || view.getUint32(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1) {
    throw new SyntaxError("cannot read the executable: not a 64-bit little-endian ELF file");
  }
  const segments = programHeaders(view);
  const dynamic = segments.find((segment) => segment.type === PT_DYNAMIC);
  if (dynamic === undefined) return [];

  const names: bigint[] = [];
  let strings: bigint | null = null;
  for (let at = dynamic.offset; at + 16 <= dynamic.offset + dynamic.size; at += 16) {
    const tag = view.getBigUint64(at, true);
    const value = view.getBigUint64(at + 8, true);
    if (tag === 0n) break;
    if (tag === DT_NEEDED) names.push(value);
    if (tag === DT_STRTAB) strings = value;
  }
  if (strings === null) return [];
  const base = fileOffset(segments, Number(strings));
  return names.map((offset) => {
    const start = base + Number(offset);
    return new TextDecoder().decode(file.subarray(start, file.indexOf(0, start)));
  });
}

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

function programHeaders(view: DataView): Segment[] {
  const first = Number(view.getBigUint64(32, true));
  const size = view.getUint16(54, true);
  const count = view.getUint16(56, true);
  return Array.from({ length: count }, (_, i) => {
    const at = first + i * size;
    return {
      type: view.getUint32(at, true),
      offset: Number(view.getBigUint64(at + 8, true)),
      address: Number(view.getBigUint64(at + 16, true)),
      size: Number(view.getBigUint64(at + 32, true)),
    };
  });
}

function fileOffset(segments: readonly Segment[], address: number): number {
  for (const { type, offset, address: start, size } of segments) {
    if (type === PT_LOAD && address >= start && address < start + size) return offset + address - start;
  }
  throw new SyntaxError(`cannot read the executable: address ${address} is in no segment`);
}
