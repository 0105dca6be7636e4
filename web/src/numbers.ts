/** The numbers of a field: their types, where they lie, and what they may be. */

/** One field of a state; onnxruntime-web has more of it. */
export interface Tensor {
  readonly type: string;
  readonly data: Numbers;
  readonly dims: readonly number[];
}

export type Numbers = Float32Array | Float64Array | Uint8Array | Int32Array | BigInt64Array;
const KINDS: Readonly<Record<string, new (bytes: ArrayBuffer) => Numbers>> = {
  float32: Float32Array,
  float64: Float64Array,
  uint8: Uint8Array,
  bool: Uint8Array,
  int32: Int32Array,
  int64: BigInt64Array,
};

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

export function numbers(type: string, bytes: ArrayBuffer): Numbers {
  const kind = KINDS[type];
  if (!kind) throw new Error(`this page cannot hold numbers of type ${type}`);
  return new kind(bytes);
}

export function set(data: Numbers, index: number, value: number): void {
  if (data instanceof BigInt64Array) data[index] = BigInt(value);
  else data[index] = value;
}

/** What fields of whole numbers hold, and those of real ones up to. */
const WHOLE: Readonly<Record<string, readonly [bigint, bigint]>> = {
  uint8: [0n, 255n],
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
};
const GREATEST: Readonly<Record<string, number>> = { float32: (2 - 2 ** -23) * 2 ** 127, float64: Number.MAX_VALUE };

/** Refuses what `tickworld.models.fields.changed` refuses, in the same words. */
export function checkNumber(name: string, { type, data }: Tensor, index: number, value: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= data.length) {
    throw new Error(`field ${name} has ${data.length} numbers in a row; got index ${index}; count from 0`);
  }
  if (!holds(type, value)) {
    throw new Error(`field ${name} holds ${held(type)}; got ${general(value)}; give one of those`);
  }
}

function holds(type: string, value: number): boolean {
  const whole = WHOLE[type];
  if (type === "bool") return value === 0 || value === 1;
  if (!whole) return Math.abs(value) <= (GREATEST[type] ?? 0);
  return Number.isInteger(value) && whole[0] <= BigInt(value) && BigInt(value) <= whole[1];
}

/** What a field holds, in words. */
function held(type: string): string {
  const whole = WHOLE[type];
  if (type === "bool") return "0 or 1";
  return whole ? `whole numbers in ${whole[0]}..${whole[1]}` : "finite numbers";
}

/** A number as Python writes it with six digits at most. */
function general(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  const [digits, power] = value.toExponential(5).split("e").map(Number) as [number, number];
  if (power >= -4 && power < 6) return String(Number(value.toPrecision(6)));
  return `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}
