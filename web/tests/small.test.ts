import { describe, expect, it } from "vitest";

import { mix, normals, uniform } from "../src/chance";
import { shown, shownDifference, toFrame } from "../src/frames";
import { grid, heat } from "../src/inspector";
import { Pace } from "../src/pace";
import { claim, lines } from "../src/provenance";
import { light } from "../src/trust";
import { SPEC } from "./counter";

describe("frames", () => {
  it("are rounded to the even number half-way, and cut outside 0..1", () => {
    const pixels = Float32Array.of(-1, 0, 0.5 / 255, 1.5 / 255, 2.5 / 255, 127.5 / 255, 1, 2);
    const expected = [...pixels].map((each) => {
      const scaled = Math.fround(Math.min(Math.max(each, 0), 1) * 255);
      return scaled % 1 === 0.5 ? 2 * Math.round(scaled / 2) : Math.round(scaled);
    });
    expect([...toFrame(pixels, 1)]).toEqual(expected);
    expect([...toFrame(Float32Array.of(0.5, 1.5), 1)]).toEqual([128, 255]);
  });

  it("go from planes to pixels", () => {
    const planes = Float32Array.from([10, 20, 30, 40, 50, 60], (each) => each / 255);
    expect([...toFrame(planes, 3)]).toEqual([10, 30, 50, 20, 40, 60]);
  });

  it("are shown in colour, and their difference too", () => {
    const wide = { ...SPEC, channels: 3 };
    expect([...shown(Uint8Array.of(1, 2, 3, 4, 5, 6), wide)]).toEqual([1, 2, 3, 255, 4, 5, 6, 255]);
    expect([...shown(Uint8Array.of(0, 255), SPEC)]).toEqual([21, 31, 50, 255, 255, 247, 228, 255]);
    const apart = shownDifference(Uint8Array.of(255, 7), Uint8Array.of(0, 7), SPEC);
    expect([...apart]).toEqual([86, 180, 233, 255, 21, 31, 50, 255]);
    const right = [21, 31, 50, 255, 21, 31, 50, 255];
    expect([...shownDifference(Uint8Array.of(20, 7), Uint8Array.of(12, 15), SPEC)]).toEqual(right);
    const shades = { ...SPEC, palette: [[0], [255]] };
    expect([...shownDifference(Uint8Array.of(255, 0), Uint8Array.of(130, 120), shades)]).toEqual(right);
  });
});

describe("chance", () => {
  it("is that of Python, number for number", () => {
    const dream = mix(7, "dream");
    expect(dream).toBe(0xff77afbe1c77e031n);
    expect(mix(3, "keys", 1, 2)).toBe(0xa047ff9819f9c4bcn);
    expect(uniform(3, "keys", 1, 2)).toBeCloseTo(0.62609861, 8);
    expect([...normals(dream, 5)]).toEqual([
      -0.41336581110954285, 0.28460705280303955, -0.6185805797576904, -0.01310865767300129, -0.02090904861688614,
    ]);
  });

  it("is normal where it should be, far out too", () => {
    const drawn = normals(mix(7, "dream"), 121_682);
    const mean = drawn.reduce((one, other) => one + other, 0) / drawn.length;
    const spread = drawn.reduce((sum, each) => sum + (each - mean) ** 2, 0) / drawn.length;
    expect(Math.abs(mean)).toBeLessThan(0.02);
    expect(Math.abs(spread - 1)).toBeLessThan(0.02);
    expect([drawn[121_681], drawn[115_952]]).toEqual([4.203906536102295, -4.729516983032227]);
  });
});

describe("the pace", () => {
  it("plays what is due, and no more after a pause", () => {
    const pace = new Pace();
    const due = Array.from({ length: 61 }, (_, frame) => pace.due((frame * 1000) / 60));
    expect(due.reduce((one, other) => one + other, 0)).toBe(60);
    expect(pace.due(5000)).toBeLessThan(8);
    pace.stop();
    expect(pace.due(9000)).toBe(0);
  });

  it("plays slowly and fast", () => {
    const pace = new Pace();
    const count = (speed: number): number => {
      pace.stop();
      pace.speed = speed;
      return Array.from({ length: 121 }, (_, frame) => pace.due((frame * 1000) / 60)).reduce((a, b) => a + b, 0);
    };
    expect([count(1), count(10), count(240)]).toEqual([2, 20, 480]);
    pace.speed = Infinity;
    expect(pace.due(0)).toBe(Infinity);
  });

  it("knows how fast it was", () => {
    const pace = new Pace();
    expect(pace.rate).toBeNull();
    for (let frame = 0; frame < 120; frame++) pace.played((frame * 1000) / 60, 1);
    expect(pace.rate).toBeCloseTo(60);
  });
});

describe("the light", () => {
  const trust = {
    least: -5,
    levels: [
      { below: 3, wrong_within_100: 0.1 },
      { below: 1, wrong_within_100: 0.6 },
      { below: null, wrong_within_100: 0.001 },
      { below: 5, wrong_within_100: null },
    ],
  };

  it("is of the closest level", () => {
    expect(light(0.5, trust)).toMatchObject({ level: "bad", text: expect.stringContaining("60 %") as string });
    expect(light(1, trust)).toMatchObject({ level: "warn" });
    expect(light(4, trust)).toMatchObject({ level: "unknown" });
    expect(light(9, trust)).toMatchObject({ level: "good", text: expect.stringContaining("under 1 %") as string });
    expect(light(-9, trust)?.text).toMatch(/^Don’t trust me now/);
    const calm = { least: 10, levels: [{ below: null, wrong_within_100: 0 }] };
    expect(light(9.9, calm)).toEqual({
      level: "warn", text: "Not quite sure: trust 9.9 nats, less than was ever measured",
    });
    expect(light(10, calm)).toMatchObject({ level: "good" });
  });

  it("says nothing that was not measured", () => {
    expect(light(null, trust)).toBeNull();
    expect(light(2.25, null)).toEqual({ level: "unknown", text: "trust 2.3 nats" });
    expect(light(2, { least: 0, levels: [] })?.level).toBe("unknown");
  });
});

describe("a field", () => {
  it("is laid out as pictures", () => {
    expect(grid([3, 32, 16])).toEqual({ layers: 3, rows: 32, columns: 16 });
    expect(grid([2, 3, 4, 5])).toEqual({ layers: 6, rows: 4, columns: 5 });
    expect(grid([10])).toEqual({ layers: 1, rows: 3, columns: 4 });
    expect(grid([])).toEqual({ layers: 1, rows: 1, columns: 1 });
  });

  it("is drawn from its least to its greatest", () => {
    const picture = heat([-1, 3], { layers: 1, rows: 1, columns: 2 }, -1);
    expect([...picture.slice(0, 3)]).toEqual([21, 31, 50]);
    expect([...picture.slice(8 * 4, 8 * 4 + 3)]).toEqual([255, 247, 228]);
    const doubtful = heat([null, -1, 3], { layers: 1, rows: 1, columns: 3 }, -1);
    expect([0, 8, 16].map((x) => doubtful[x * 4])).toEqual([21, 21, 255]);
  });
});

describe("provenance", () => {
  const told = {
    origin: {
      recipe: "pong", seed: 12, iterations: 12000, minutes: 191.2, source: "games", versions: { torch: "2.13" },
    },
    claim: {
      rollouts: 256, frames: 10000, players: "held_out", right_after: { 1: 1 }, object_horizon: null,
      pixel_horizon: { median: 10000, p10: 5572, survived: 0.81 },
    },
  };

  it("is told in words", () => {
    expect(claim(told)).toBe(
      "Measured over 256 games: right to the last pixel for a median of 10,000 ticks, 81 % of the games to the end.",
    );
    expect(lines(told)).toEqual([
      ["Right to the last pixel", "10,000 ticks (median), 5,572 (p10), 81 % to the end"],
      ["Measured over", "256 games of 10,000 ticks, players: held_out"],
      ["Recipe", "pong"], ["Seed", "12"], ["Training", "191 minutes, 12,000 iterations"],
      ["Made with", "torch 2.13"], ["Learned from", "games"],
    ]);
  });

  it("may be something else, or nothing", () => {
    expect(lines({ made: { by_whom: "us", minutes: 1234.5678, none: null }, ids: [1, 2], claim: null })).toEqual([
      ["made: by whom", "us"], ["made: minutes", "1234.568"], ["ids", "1, 2"],
    ]);
    expect([claim({}), claim({ claim: null }), lines({})]).toEqual(["", "", []]);
  });
});
