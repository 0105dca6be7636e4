import { describe, expect, it } from "vitest";

import type { Tensor } from "../src/numbers";
import { backend, type Facts, type Graph, type Mapped, type Runtime } from "../src/onnx";
import type { Simulator } from "../src/simulator";
import vectors from "../../tests/web/vectors.json";
import { SPEC } from "./counter";

class Plain implements Tensor {
  constructor(
    readonly type: string,
    readonly data: Tensor["data"],
    readonly dims: readonly number[],
  ) {}
}

const runtime = { Tensor: Plain } as unknown as Runtime;
const base64 = (bytes: ArrayBuffer): string => btoa(String.fromCharCode(...new Uint8Array(bytes)));

const FACTS: Facts = {
  title: "counter", spec: SPEC, noise: 2, starts: 2, calibration: null, provenance: {}, ticks_per_second: 30,
  state: [
    { name: "out", type: "float32", shape: [2], rows: base64(Float32Array.of(0.1, 0.2, 0.3, 0.4).buffer) },
    { name: "age", type: "int64", shape: [1], rows: base64(BigInt64Array.of(5n, 6n).buffer) },
  ],
};

/** Adds the noise to `out` and what was pressed to `age`. */
const update: Graph = {
  run: ({ out, age, actions, noise }) => {
    const sum = Float32Array.from(out?.data as Float32Array, (each, place) => each + Number(noise?.data[place]));
    const pressed = Array.from(actions?.data as Uint8Array).reduce((one, other) => one + other, 0);
    const later = BigInt64Array.of(BigInt(Number(age?.data[0]) + pressed));
    return Promise.resolve({ out_out: new Plain("float32", sum, [1, 2]), age_out: new Plain("int64", later, [1, 1]) });
  },
};

const render: Graph = {
  run: ({ out }) =>
    Promise.resolve({
      frame: new Plain("float32", part(out).data, [1, 1, 1, 2]),
      trust: new Plain("float32", Float32Array.of(3.5), [1]),
    }),
};

function part(tensor: Tensor | undefined): Tensor {
  if (!tensor) throw new Error("nothing was given");
  return tensor;
}

function dream(facts = FACTS, atlas: Mapped | null = null): Simulator<unknown> {
  const { dream } = backend(runtime, facts, update, render, atlas);
  if (!dream) throw new Error("no dream");
  return dream;
}

const seen = async (simulator: Simulator<unknown>, state: unknown): Promise<unknown[]> =>
  ((await simulator.fields?.(state)) ?? []).map(({ values }) => values);

describe("a world in the page", () => {
  it("begins with one of its first states, by the seed", async () => {
    const world = dream();
    expect([...(await world.render(await world.init(null, 0)))]).toEqual([26, 51]);
    expect([...(await world.render(await world.init(null, 3)))]).toEqual([76, 102]); // 0.3 is 76.5 of 255: the even one
    expect((await seen(world, await world.init(null, 3)))[1]).toEqual([6]);
  });

  it("dreams the same dream for the same seed, another for another", async () => {
    const after = async (seed: number): Promise<unknown> => {
      const world = dream();
      let state = await world.init(null, seed);
      for (const actions of [[1, 0], [2, 2]]) state = await world.update(state, actions);
      return seen(world, state);
    };
    expect(await after(1)).toEqual(await after(1));
    expect(((await after(1)) as number[][])[1]).toEqual([11]);
    expect(await after(1)).not.toEqual(await after(3));
  });

  it("leaves old states as they were", async () => {
    const world = dream();
    const first = await world.init(null, 0);
    await world.update(first, [1, 1]);
    const changed = await world.change?.(first, "age", 0, 42);
    expect((await seen(world, first))[1]).toEqual([5]);
    expect((await seen(world, changed))[1]).toEqual([42]);
  });

  it("sets a whole field, of just so many numbers", async () => {
    const world = dream();
    const first = await world.init(null, 0);
    const put = await world.put?.(first, "out", [0.5, 0.25]);
    expect([world.values?.(put, "out"), world.values?.(put, "age")]).toEqual([[0.5, 0.25], [5]]);
    expect(world.values?.(await world.put?.(first, "age", [7]), "age")).toEqual([7]);
    expect(world.values?.(first, "out")).toEqual([Math.fround(0.1), Math.fround(0.2)]);
    await expect(world.put?.(first, "out", [1])).rejects.toThrow("field out has 2 numbers; got 1");
    await expect(world.put?.(first, "age", [0.5])).rejects.toThrow("field age holds whole numbers");
  });

  it("begins as the game of its atlas that has these params", async () => {
    const out = Float32Array.from({ length: 8 }, (_, each) => each);
    const atlas: Mapped = {
      field: "out", mean: [0, 0], axes: [[1, 0], [0, 1]], shares: [1, 0], directions: [], beginnings: 2,
      games: [[1, 3], [2, 3]].map((params) => ({ params, vector: [0, 0], learned: true })),
      begun: [
        { name: "out", type: "float32", shape: [2], rows: base64(out.buffer) },
        { name: "age", type: "int64", shape: [1], rows: base64(BigInt64Array.of(1n, 2n, 3n, 4n).buffer) },
      ],
    };
    const world = dream(FACTS, atlas);
    const begun = async (params: number[] | null, seed: number): Promise<unknown> =>
      world.values?.(await world.init(params, seed), "age");
    expect(await Promise.all([begun([1, 3], 0), begun([2, 3], 0), begun([2, 3], 7)])).toEqual([[1], [3], [4]]);
    expect([await begun(null, 0), backend(runtime, FACTS, update, render, atlas).atlas]).toEqual([[5], atlas]);
  });

  it("tells its trust and its fields", async () => {
    const world = dream();
    const state = await world.init(null, 0);
    expect(await world.trust?.(state)).toBe(3.5);
    const fields = (await world.fields?.(state)) ?? [];
    expect(fields.map(({ name, kind, least, most }) => [name, kind, least, most])).toEqual([
      ["out", "real", -1, 1], ["age", "integer", 0, 5],
    ]);
  });

  it("refuses what a field cannot hold, in Python's words", async () => {
    for (const { type, index, value, sentence } of vectors.changed) {
      const bytes = { bool: 1, uint8: 1, int32: 4, float32: 4 }[type] ?? 8;
      const rows = base64(new ArrayBuffer(FACTS.starts * 2 * bytes));
      const world = dream({ ...FACTS, state: [{ name: "it", type, shape: [2], rows }] });
      const changed = world.change?.(await world.init(null, 0), "it", index, value);
      if (sentence) await expect(changed).rejects.toThrow(new Error(sentence));
      else expect((await seen(world, await changed))[0]).toEqual([value, 0]);
    }
  });

  it("is not led astray by numbers that are none", async () => {
    const world = dream({ ...FACTS, state: [
      { name: "out", type: "float32", shape: [3], rows: base64(Float32Array.of(NaN, 2, -Infinity, 0, 0, 0).buffer) },
    ] });
    const state = await world.init(null, 0);
    expect(await world.fields?.(state)).toMatchObject([{ least: -1, most: 2, values: [null, 2, null] }]);
    for (const [value, word] of [[NaN, "nan"], [Infinity, "inf"], [-Infinity, "-inf"]] as const) {
      await expect(world.change?.(state, "out", 0, value)).rejects.toThrow(`finite numbers; got ${word};`);
    }
  });

  it("has somebody to press keys by chance", async () => {
    const turn = (tick: number): Parameters<NonNullable<Simulator<unknown>["act"]>>[0] => ({
      player: "", seed: 1, tick, state: null, memory: null,
    });
    const pressed: unknown[] = [];
    for (let tick = 0; tick < 60; tick++) pressed.push((await dream().act?.(turn(tick)))?.actions[0]);
    expect(new Set(pressed)).toEqual(new Set([0, 1, 2]));
    expect(pressed[0]).toEqual(pressed[5]);
  });
});
