/** Frames: from a network's numbers to bytes, from bytes to what a screen shows. */

import type { Spec } from "./simulator";

/** uint8 H*W*C from float32 C*H*W in 0..1, rounded as Python's `tickworld.tensors.to_frames` rounds. */
export function toFrame(pixels: Float32Array, channels: number): Uint8Array {
  const size = pixels.length / channels;
  const frame = new Uint8Array(pixels.length);
  for (let channel = 0; channel < channels; channel++) {
    for (let place = 0; place < size; place++) {
      frame[place * channels + channel] = toByte(pixels[channel * size + place] ?? 0);
    }
  }
  return frame;
}

/** Half-way cases go to the even number, and the product is a float32, as in torch. */
function toByte(share: number): number {
  const scaled = Math.fround(Math.min(Math.max(share, 0), 1) * 255);
  const below = Math.floor(scaled);
  const rest = scaled - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}

export function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((value, place) => value === other[place]);
}

type Colour = readonly [number, number, number];

/** As in the GIFs that `tickworld watch` makes. */
const COURT: Colour = [21, 31, 50];
const CHALK: Colour = [255, 247, 228];
const MISSING: Colour = [86, 180, 233];
const EXTRA: Colour = [240, 171, 30];

/** RGBA of a frame: colours as they are, grey between the court's colour and the chalk's. */
export function shown(frame: Uint8Array, spec: Spec): Uint8ClampedArray<ArrayBuffer> {
  const picture = new Uint8ClampedArray(spec.width * spec.height * 4);
  for (let place = 0; place < spec.width * spec.height; place++) {
    const first = frame[place * spec.channels] ?? 0;
    const colour = spec.channels === 3 ? frame.subarray(place * 3, place * 3 + 3) : between(COURT, CHALK, first / 255);
    picture.set([...colour, 255], place * 4);
  }
  return picture;
}

/** RGBA of where two frames differ: blue where the truth is brighter, amber where the dream is. */
export function shownDifference(truth: Uint8Array, dream: Uint8Array, spec: Spec): Uint8ClampedArray<ArrayBuffer> {
  const picture = new Uint8ClampedArray(spec.width * spec.height * 4);
  for (let place = 0; place < spec.width * spec.height; place++) {
    let [more, most] = [0, 0];
    for (let part = place * spec.channels; part < (place + 1) * spec.channels; part++) {
      const apart = (dream[part] ?? 0) - (truth[part] ?? 0);
      more += apart;
      most = Math.max(most, Math.abs(apart));
    }
    picture.set([...between(COURT, more > 0 ? EXTRA : MISSING, most && 0.25 + (0.75 * most) / 255), 255], place * 4);
  }
  return picture;
}

function between(from: Colour, to: Colour, share: number): Colour {
  const [red, green, blue] = from.map((start, part) => start + share * ((to[part] ?? 0) - start));
  return [red ?? 0, green ?? 0, blue ?? 0];
}
