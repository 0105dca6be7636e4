/** What Python and the page must count alike: the examples are Python's (tests/web/test_vectors.py). */

import { describe, expect, it } from "vitest";

import { pixelsWrong, snap, toFrame } from "../src/frames";
import vectors from "../../tests/web/vectors.json";
import { SPEC } from "./counter";

describe("frames are counted as in Python", () => {
  it.each(vectors.judged)("with a palette of $name", ({ palette, channels, pairs }) => {
    const spec = { ...SPEC, palette, channels };
    for (const pair of pairs) {
      const [truth, dream] = [Uint8Array.from(pair.truth), Uint8Array.from(pair.dream)];
      expect([...snap(dream, spec)]).toEqual(pair.snapped);
      expect(pixelsWrong(truth, dream, spec), JSON.stringify(pair)).toBe(pair.wrong);
    }
  });

  it("to the last half-way number", () => {
    expect([...toFrame(Float32Array.from(vectors.rounded.pixels), 3)]).toEqual(vectors.rounded.frame);
  });
});
