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

/** So far off in any channel, of 255, a pixel is still right. */
const TOLERANCE = 8;

/** Each pixel replaced by the nearest colour of the palette, as Python's `tickworld.frames.snap` does it. */
export function snap(frame: Uint8Array, { palette, channels }: Spec): Uint8Array {
  const [one, other] = palette;
  if (!one || !other) return one ? frame.map((_, part) => one[part % channels] ?? 0) : frame;
  if (palette.length === 2 && channels === 1) {
    const [low, high] = [one[0] ?? 0, other[0] ?? 0].sort((a, b) => a - b) as [number, number];
    const middle = Math.floor((low + high) / 2);
    return frame.map((value) => (value > middle ? high : low));
  }
  const snapped = new Uint8Array(frame.length);
  for (let first = 0; first < frame.length; first += channels) {
    snapped.set(nearest(frame.subarray(first, first + channels), palette), first);
  }
  return snapped;
}

/** The first of the nearest. */
function nearest(pixel: Uint8Array, palette: Spec["palette"]): readonly number[] {
  let [found, least]: [readonly number[], number] = [[], Infinity];
  for (const colour of palette) {
    const apart = pixel.reduce((sum, value, part) => sum + Math.abs(value - (colour[part] ?? 0)), 0);
    if (apart < least) [found, least] = [colour, apart];
  }
  return found;
}

/** Whether any pixel of the dream is wrong, as Python's `tickworld.frames.pixels_wrong` judges. */
export function pixelsWrong(truth: Uint8Array, dream: Uint8Array, spec: Spec): boolean {
  return snap(dream, spec).some((value, part) => Math.abs(value - (truth[part] ?? 0)) > TOLERANCE);
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

/**
 * RGBA of where the dream is wrong: blue where the truth is brighter, amber where the dream is. Pixels that
 * `pixelsWrong` calls right stay dark.
 */
export function shownDifference(truth: Uint8Array, dream: Uint8Array, spec: Spec): Uint8ClampedArray<ArrayBuffer> {
  const snapped = snap(dream, spec);
  const picture = new Uint8ClampedArray(spec.width * spec.height * 4);
  for (let place = 0; place < spec.width * spec.height; place++) {
    let [more, most] = [0, 0];
    for (let part = place * spec.channels; part < (place + 1) * spec.channels; part++) {
      const apart = (snapped[part] ?? 0) - (truth[part] ?? 0);
      more += apart;
      most = Math.max(most, Math.abs(apart));
    }
    const strength = most > TOLERANCE ? 0.25 + (0.75 * most) / 255 : 0;
    picture.set([...between(COURT, more > 0 ? EXTRA : MISSING, strength), 255], place * 4);
  }
  return picture;
}

function between(from: Colour, to: Colour, share: number): Colour {
  const [red, green, blue] = from.map((start, part) => start + share * ((to[part] ?? 0) - start));
  return [red ?? 0, green ?? 0, blue ?? 0];
}
