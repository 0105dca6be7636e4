/** Random numbers without a hidden position: each is a pure function of a stream and a counter. */

/** A new stream, 0..2^32-1, from one and a key. The mixer is that of MurmurHash3's end. */
export function mix(stream: number, key: number): number {
  let x = (Math.imul(stream, 0x9e3779b1) ^ Math.imul(key + 0x7f4a7c15, 0x85ebca6b)) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b) >>> 0;
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35) >>> 0;
  return (x ^ (x >>> 16)) >>> 0;
}

/** A number in [0, 1). */
export function uniform(stream: number, key: number): number {
  return mix(stream, key) / 2 ** 32;
}

/** Standard normal numbers (Box and Muller). */
export function normals(stream: number, count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, key) => {
    const radius = Math.sqrt(-2 * Math.log(1 - uniform(stream, 2 * key)));
    return radius * Math.cos(2 * Math.PI * uniform(stream, 2 * key + 1));
  });
}
