/**
 * Encodes plain data as JSON in which every object stands once: further places refer to it, and keys are written once for
 * all objects with the same keys. Shared objects are shared again after decoding.
 *
 * A node is a primitive, or a list that begins with a number:
 * - `[-1, n]` the n-th object or list so far, in the order of their beginnings;
 * - `[-2, ...items]` a list;
 * - `[-3, keys, ...values]` an object with new keys, which defines the next shape;
 * - `[n, ...values]` an object of the n-th shape.
 *
 * @module
 */

const REFERENCE = -1;
const LIST = -2;
const NEW_SHAPE = -3;

type Node = string | number | boolean | null | readonly Node[];

/** A list of keys, in a tree by common beginnings. */
class Shape {
  /** Number of the shape; -1: no object has exactly these keys so far. */
  number = -1;
  readonly #next = new Map<string, Shape>();

  with(key: string): Shape {
    let shape = this.#next.get(key);
    if (shape === undefined) this.#next.set(key, shape = new Shape());
    return shape;
  }
}

/** Encodes values; a value may refer to objects of former ones. */
export class DataEncoder {
  readonly #places = new Map<object, number>();
  readonly #shapes = new Shape();
  #count = 0;

  /** Objects and lists encoded so far. */
  get size(): number {
    return this.#places.size;
  }

  /**
   * Encodes a value as a node for JSON. As in JSON, keys that are `undefined` are left out.
   *
   * @throws {TypeError} when the value is not plain data
   */
  encode(value: unknown): unknown {
    return this.#node(value);
  }

  #node(value: unknown): Node {
    switch (typeof value) {
      case "string":
      case "boolean":
      case "number":
        return value;
      case "object":
        return value === null ? null : this.#object(value);
      case "undefined":
        return null;
      default:
        throw new TypeError(`Cannot encode a ${typeof value}: want plain data`);
    }
  }

  #object(value: object): Node {
    const place = this.#places.get(value);
    if (place !== undefined) return [REFERENCE, place];
    this.#places.set(value, this.#places.size);
    if (Array.isArray(value)) {
      const list: Node[] = [LIST];
      for (const item of value) list.push(this.#node(item));
      return list;
    }
    const record = value as Record<string, unknown>;
    let shape = this.#shapes;
    for (const key in record) if (record[key] !== undefined) shape = shape.with(key);
    let node: Node[];
    if (shape.number < 0) {
      shape.number = this.#count++;
      node = [NEW_SHAPE, Object.keys(record).filter((key) => record[key] !== undefined)];
    } else node = [shape.number];
    for (const key in record) if (record[key] !== undefined) node.push(this.#node(record[key]));
    return node;
  }
}

/** Decodes the nodes of one {@link DataEncoder}, in their order. */
export class DataDecoder {
  readonly #places: object[] = [];
  readonly #shapes: (readonly string[])[] = [];

  /** @throws {TypeError} when it is no node, or one of another encoder */
  decode(node: unknown): unknown {
    if (typeof node !== "object" || node === null) return node;
    if (Array.isArray(node)) return this.#object(node);
    throw new TypeError("Cannot decode an object: want a node");
  }

  #object(node: readonly unknown[]): object {
    const kind = node[0] as number;
    if (kind >= 0) return this.#record(this.#shapes[kind], node, 1);
    switch (kind) {
      case REFERENCE: {
        const place = this.#places[node[1] as number];
        if (place !== undefined) return place;
        break;
      }
      case LIST: {
        const list: unknown[] = new Array(node.length - 1);
        this.#places.push(list);
        for (let i = 1; i < node.length; i++) list[i - 1] = this.decode(node[i]);
        return list;
      }
      case NEW_SHAPE: {
        const keys = node[1] as readonly string[];
        this.#shapes.push(keys);
        return this.#record(keys, node, 2);
      }
    }
    throw new TypeError(`Cannot decode a node of kind ${kind}`);
  }

  #record(keys: readonly string[] | undefined, node: readonly unknown[], from: number): object {
    if (keys === undefined || keys.length !== node.length - from) {
      throw new TypeError("Cannot decode a node: no such shape");
    }
    const record: Record<string, unknown> = {};
    this.#places.push(record);
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!;
      const value = this.decode(node[from + i]);
      if (key !== "__proto__") record[key] = value;
      // A normal key in plain data, but special in an assignment.
      else Object.defineProperty(record, key, { value, enumerable: true, configurable: true, writable: true });
    }
    return record;
  }
}
