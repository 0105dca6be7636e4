/**
 * Random numbers without a hidden position, the very ones of Python's `tickworld.seeds`: each is a pure function of a
 * stream and of keys, so that a dream is the same dream in a page and at home.
 */

const WHOLE = 64;
const FIRST = 0x9e3779b97f4a7c15n;
const SECOND = 0xbf58476d1ce4e5b9n;
const THIRD = 0x94d049bb133111ebn;
/** No number is below it, since none may be infinitely far from the middle. */
const LEAST = 2 ** -53;

function wrapped(value: bigint): bigint {
  return BigInt.asUintN(WHOLE, value);
}

function mixed(value: bigint): bigint {
  let x = wrapped(value + FIRST);
  x = wrapped((x ^ (x >> 30n)) * SECOND);
  x = wrapped((x ^ (x >> 27n)) * THIRD);
  return x ^ (x >> 31n);
}

/** CRC-32, as of zip files. */
function checksum(text: string): number {
  let sum = ~0;
  for (const byte of new TextEncoder().encode(text)) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum >>> 0;
}

/** A new stream, 0..2^64-1, from one that depends on all of `keys` and their order. */
export function mix(stream: bigint | number, ...keys: readonly (string | number)[]): bigint {
  return keys.reduce(
    (now, key) => mixed(now ^ mixed(BigInt(typeof key === "string" ? checksum(key) : key))),
    mixed(BigInt(stream)),
  );
}

/** A number in [0, 1). */
export function uniform(stream: bigint | number, ...keys: readonly (string | number)[]): number {
  return Number(mix(stream, ...keys) >> 11n) * 2 ** -53;
}

/** The standard normal numbers that a world's tick takes, as `tickworld.models.learned` draws them. */
export function normals(stream: bigint, count: number): Float32Array {
  const first = mix(stream, "noise");
  return Float32Array.from({ length: count }, (_, place) =>
    quantile(Math.max(uniform(wrapped(first + BigInt(place))), LEAST)),
  );
}

/** Two polynomials, one over the other; the powers begin with the highest. */
type Ratio = readonly [readonly number[], readonly number[]];

const MIDDLE: Ratio = [
  [
    2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
    13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608,
  ],
  [
    5226.495278852854561, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
    5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1,
  ],
];
const OUTER: Ratio = [
  [
    7.7454501427834140764e-4, 2.27238449892691845833e-2, 2.4178072517745061177e-1, 1.27045825245236838258,
    3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734,
  ],
  [
    1.05075007164441684324e-9, 5.475938084995344946e-4, 1.51986665636164571966e-2, 1.4810397642748007459e-1,
    6.8976733498510000455e-1, 1.6763848301838038494, 2.05319162663775882187, 1,
  ],
];
const FAR: Ratio = [
  [
    2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.2426609473880784386e-3, 2.65321895265761230930e-2,
    2.9656057182850489123e-1, 1.7848265399172913358, 5.4637849111641143699, 6.6579046435011037772,
  ],
  [
    2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5, 7.868691311456132591e-4,
    1.48753612908506148525e-2, 1.3692988092273580531e-1, 5.9983220655588793769e-1, 1,
  ],
];

function ratio([over, under]: Ratio, x: number): number {
  const polynomial = (powers: readonly number[]): number => powers.reduce((sum, each) => sum * x + each, 0);
  return polynomial(over) / polynomial(under);
}

/** Below which number a share of all standard normal ones lies (Wichura's algorithm AS 241, to 16 digits). */
function quantile(share: number): number {
  const middle = share - 0.5;
  if (Math.abs(middle) <= 0.425) return middle * ratio(MIDDLE, 0.180625 - middle * middle);
  const tail = Math.sqrt(-Math.log(Math.min(share, 1 - share)));
  const far = tail <= 5 ? ratio(OUTER, tail - 1.6) : ratio(FAR, tail - 5);
  return middle < 0 ? -far : far;
}
