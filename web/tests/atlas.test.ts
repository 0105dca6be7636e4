import { describe, expect, it } from "vitest";

import { nearest, place, plain, read, rounded, Spot, way, words, type Atlas } from "../src/atlas";
import { SPEC } from "./counter";

/** Vectors [start, 2 drawn + 1 for drawn 4, rest]: one param leads across, a choice up, and the rest is off the map. */
const ATLAS: Atlas = rounded({
  field: "game", mean: [2, 1, 0], axes: [[1, 0, 0], [0, 1, 0]], shares: [0.7, 0.2],
  games: [
    { params: [1, 3], vector: [1, 0, 0.1], learned: true },
    { params: [3, 4], vector: [3, 1, 0], learned: true },
    { params: [2, 5], vector: [2, 2, 0], learned: false },
  ],
  directions: [
    {
      column: 0, values: [], along: [[1, 0, 0.5]], reads: [[1, 0, 0]], bias: [0], spread: 2, score: 0.9,
    },
    {
      column: 1, values: [3, 4, 5], spread: 1, score: null,
      along: [[0, -1, 0], [0, 0, 0], [0, 1, 0]], reads: [[0, -2, 0], [0, 0, 0], [0, 2, 0]], bias: [1, 0.5, -3],
    },
  ],
});

const near = (vector: readonly number[]): unknown => vector.map((each) => expect.closeTo(each, 5) as unknown);

describe("an atlas", () => {
  it("has places and ways", () => {
    expect(place(ATLAS, [5, 3, 9])).toEqual([3, 2]);
    expect(ATLAS.directions.map((each) => way(ATLAS, each))).toEqual([[2, 0], [0, 0]]);
  });

  it("reads params off a vector, and knows the nearest game", () => {
    expect(ATLAS.directions.map((each) => read(each, [2.5, 2, 0]))).toEqual([2.5, 5]);
    expect(nearest(ATLAS, [2.1, 1.9, 0])).toEqual({ game: 2, exact: false });
    expect(nearest(ATLAS, [1, 0, Math.fround(0.1)])).toEqual({ game: 0, exact: true });
  });

  it("tells of a game in words", () => {
    const [game] = ATLAS.games;
    expect(game && words(ATLAS, SPEC.params, game)).toBe("start 1, drawn 3");
    expect([plain(1234.56), plain(-0.04), plain(2)]).toEqual(["1234.6", "-0", "2"]);
  });
});

describe("where one is", () => {
  it("is just the vector that was taken, in single precision", () => {
    const spot = new Spot(ATLAS);
    expect([spot.vector, spot.place, spot.slid]).toEqual([[2, 1, 0], [0, 0], false]);
    spot.take([1, 0, 0.1]);
    expect(spot.vector).toEqual([1, 0, Math.fround(0.1)]);
  });

  it("is the middle and so much of both axes", () => {
    const spot = new Spot(ATLAS);
    spot.take([1, 0, 0.1]);
    spot.go([2, -3]);
    expect([spot.vector, spot.place]).toEqual([[4, -2, 0], [2, -3]]);
  });

  it("moves along a direction as far as its slider", () => {
    const spot = new Spot(ATLAS);
    spot.slide(0, 4);
    expect([spot.vector, spot.slider(0), spot.reading(0), spot.slid]).toEqual([[4, 1, 1], 4, 4, true]);
    spot.slide(0, 3);
    expect([spot.vector, spot.slider(0)]).toEqual([[3, 1, 0.5], 3]);
    spot.level();
    expect([spot.vector, spot.slider(0), spot.slid]).toEqual([[2, 1, 0], 2, false]);
  });

  it("goes from one value of a choice to another, and back", () => {
    const spot = new Spot(ATLAS);
    expect(spot.slider(1)).toBe(4);
    spot.slide(1, 5);
    expect([spot.vector, spot.slider(1)]).toEqual([[2, 2, 0], 5]);
    spot.slide(1, 3);
    spot.slide(1, 4);
    expect(spot.vector).toEqual([2, 1, 0]);
  });

  it("is where one clicked though a slider was moved, which leads out of the map as before", () => {
    const spot = new Spot(ATLAS);
    spot.slide(0, 4);
    spot.go([1, 1]);
    expect([near(spot.vector), spot.place, spot.slider(0)]).toEqual([[3, 2, 1], [1, 1], 3]);
  });
});
