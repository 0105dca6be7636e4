import { describe, expect, it } from "vitest";

import { idleAction, Session } from "../src/session";
import { OLDER, RECENT } from "../src/timeline";
import type { Played, Turn } from "../src/simulator";
import { type Count, Counter, Dream, SPEC, Truth } from "./counter";

const UP = [1, 0];
const STAY = [0, 0];

async function session(truth: Counter | null, dream: Counter | null): Promise<Session<Count>> {
  const made = new Session(truth, dream);
  await made.restart(null, 0);
  return made;
}

async function play(game: Session<Count>, ticks: number, pressed = UP): Promise<void> {
  for (let tick = 0; tick < ticks; tick++) await game.step(pressed);
}

const value = (frame: Uint8Array | null): number => (frame?.[0] ?? 0) + 256 * (frame?.[1] ?? 0);

describe("a game as it is played", () => {
  it("moves truth and dream under the same keys", async () => {
    const game = await session(new Truth(), new Dream());
    await play(game, 3);
    await game.step([1, 1]);
    expect([game.tick, game.last, game.survival]).toEqual([4, 4, 4]);
    expect([value(game.frames.truth), value(game.frames.dream)]).toEqual([15, 15]);
    expect(game.moment).toMatchObject({ apart: null, trust: 7.5, since: 0 });
  });

  it("knows the tick at which they first differ", async () => {
    const game = await session(new Truth(), new Dream(SPEC, 5));
    await play(game, 8);
    expect([game.moment.apart, game.survival]).toEqual([5, 4]);
    await game.rewind(4);
    expect([game.moment.apart, game.survival]).toEqual([null, 4]);
  });

  it("was right for no tick at all if its first was wrong, or was set wrong where it stands", async () => {
    const game = await session(new Truth(), new Dream(SPEC, 1));
    await play(game, 3);
    expect([game.moment.apart, game.survival]).toEqual([1, 0]);
    await game.restart(null, 0);
    await game.change("value", 0, 99);
    await play(game, 3);
    expect([game.moment.apart, game.survival]).toEqual([0, 0]);
  });

  it("is right as the truth's palette has it", async () => {
    const shades = new Truth({ ...SPEC, palette: [[0], [200]] });
    const game = await session(shades, new Dream(SPEC, 2));
    await game.restart([0, 3], 0);
    await play(game, 3, STAY);
    expect([value(game.frames.dream), game.moment.apart]).toEqual([9, null]);
    await game.change("value", 0, 101);
    expect(game.moment.apart).toBe(3);
  });

  it("needs no truth, and no dream", async () => {
    const dream = await session(null, new Dream());
    const truth = await session(new Truth(), null);
    await play(dream, 2);
    await play(truth, 2);
    expect([dream.frames.truth, value(dream.frames.dream), dream.moment.apart]).toEqual([null, 12, null]);
    expect([value(truth.frames.truth), truth.frames.dream, truth.moment.trust]).toEqual([12, null, null]);
  });

  it("begins with the params and the seed", async () => {
    const game = await session(new Truth(), new Dream());
    await game.restart([40, 3], 7);
    await play(game, 2);
    expect(value(game.frames.truth)).toBe(49);
    expect(game.replay).toEqual({ params: [40, 3], seed: 7, actions: [UP, UP] });
  });

  it("is over when the truth is", async () => {
    const game = await session(new Truth(), new Dream());
    await game.restart([999, 3], 0);
    expect(game.over).toBe(false);
    await game.step(UP);
    expect(game.over).toBe(true);
  });

  it("shows a dream its opening, and only then compares", async () => {
    const dream = new Dream({ ...SPEC, opening: 4 });
    const game = await session(new Truth(), dream);
    expect([game.first, game.tick, game.last]).toEqual([3, 3, 3]);
    expect(dream.shown?.states).toHaveLength(4);
    expect(dream.shown?.actions).toEqual([STAY, STAY, STAY]);
    await play(game, 5);
    expect([game.survival, game.moment.since]).toEqual([5, 3]);
    await game.rewind(0);
    expect(game.tick).toBe(3);
  });

  it("lets a dream without a truth begin by itself", async () => {
    const game = await session(null, new Dream({ ...SPEC, opening: 4 }));
    expect([game.first, game.last]).toEqual([0, 0]);
  });
});

describe("the way back", () => {
  it("drops what came after when it is played on from there", async () => {
    const game = await session(new Truth(), new Dream());
    await play(game, 10);
    await game.rewind(4);
    expect([game.tick, game.last, value(game.frames.truth)]).toEqual([4, 10, 14]);
    expect(game.replay.actions).toEqual([UP, UP, UP, UP]);
    await game.step([2, 0]);
    expect([game.tick, game.last, value(game.frames.dream)]).toEqual([5, 5, 13]);
    expect(game.replay.actions.at(-1)).toEqual([2, 0]);
  });

  it("reaches every tick of a long game with few states kept", async () => {
    const [truth, dream] = [new Truth(), new Dream({ ...SPEC, opening: 3 })];
    const game = await session(truth, dream);
    await play(game, 5000);
    for (const tick of [4999, 17, 2, 2321, 3, 5002, 64, 65, 63]) {
      await game.rewind(tick);
      expect([game.tick, value(game.frames.truth), value(game.frames.dream)]).toEqual([tick, tick + 8, tick + 8]);
    }
    const kept = 5003 - truth.forgotten.length;
    expect(kept).toBeLessThan(RECENT + OLDER + RECENT + 100);
    expect(new Set(truth.forgotten.map(({ tick }) => tick)).size).toBeGreaterThan(4500);
  });

  it("leaves out what is later", async () => {
    const game = await session(new Truth(), new Dream());
    await play(game, 3);
    await game.reanchor();
    await play(game, 2);
    await game.change("value", 0, 50);
    await play(game, 2);
    expect([game.anchors, game.changed, game.replay.actions.length]).toEqual([[3], true, 7]);
    await game.rewind(4);
    expect([game.anchors, game.changed, game.replay.actions.length]).toEqual([[3], false, 4]);
    await game.rewind(2);
    expect([game.anchors, game.changed, game.replay.actions.length]).toEqual([[], false, 2]);
    await game.step(UP);
    await play(game, 5);
    expect([game.anchors, game.changed]).toEqual([[], false]);
  });

  it("lets a dream begin from an opening longer than what is kept", async () => {
    const dream = new Dream({ ...SPEC, opening: 300 });
    const truth = new Truth();
    const game = await session(truth, dream);
    expect([game.tick, dream.shown?.states.map(({ tick }) => tick)]).toEqual([299, Array.from(Array(300).keys())]);
    expect(truth.forgotten).not.toContain(dream.shown?.states[0]);
    expect(truth.forgotten.length).toBeGreaterThan(100);
    await play(game, 200);
    await game.rewind(350);
    await game.reanchor();
    expect(dream.shown?.states.map(({ tick }) => tick)).toEqual(Array.from(Array(300), (_, each) => 51 + each));
  });

  it("plays a stretch again once for one who goes on back", async () => {
    const truth = new Truth();
    const game = await session(truth, new Dream());
    await play(game, 10_000, STAY);
    await game.rewind(335);
    truth.updates = 0;
    for (let tick = 334; tick > 320; tick--) await game.rewind(tick);
    expect([game.tick, value(game.frames.truth), truth.updates]).toEqual([321, 10, 0]);
  });

  it("plays few ticks again", async () => {
    const truth = new Truth();
    const game = await session(truth, new Dream());
    await play(game, 1000);
    truth.updates = 0;
    await game.rewind(333);
    expect(truth.updates).toBeLessThan(16);
  });

  it("lets a player see the truth or the dream", async () => {
    class Seeing extends Dream {
      act({ state }: Turn<Count>): Promise<Played<Count>> {
        return Promise.resolve({ actions: [state.value % 2 ? 1 : 2, 0], memory: null });
      }
    }
    const game = await session(new Seeing(), new Seeing());
    await game.change("value", 0, 21);
    game.sides = ["seeing", null];
    await game.step(STAY);
    game.eyes = "dream";
    await game.step(STAY);
    expect(game.replay.actions).toEqual([[2, 0], [2, 0]]);
    await game.rewind(0);
    await game.step(STAY);
    expect(game.replay.actions).toEqual([[1, 0]]);
    expect([value(game.frames.truth), value(game.frames.dream)]).toEqual([11, 22]);
  });

  it("gives a player its memory back", async () => {
    const game = await session(new Truth(), new Dream());
    game.sides = [null, "alternating"];
    await play(game, 400, STAY);
    const played = game.replay.actions;
    await game.rewind(35);
    for (let tick = 35; tick < 400; tick++) await game.step(STAY);
    expect(game.replay.actions).toEqual(played);
    expect(played.slice(0, 4)).toEqual([[0, 0], [0, 1], [0, 0], [0, 1]]);
  });

  it.each([5, 1, 16, 150, 155, 163, 228])("knows who played, and remembered, at tick %i", async (tick) => {
    const game = await session(new Truth(), new Dream());
    const seated = async (until: number): Promise<void> => {
      while (game.tick < until) {
        game.sides = [game.tick < 151 ? null : "alternating", game.tick < 149 ? "alternating" : null];
        await game.step(STAY);
      }
    };
    await seated(500);
    const played = game.replay.actions;
    await game.rewind(tick);
    await seated(500);
    expect(game.replay.actions).toEqual(played);
    expect(played.slice(148, 155)).toEqual([[0, 0], [0, 0], [0, 0], [0, 0], [1, 0], [0, 0], [1, 0]]);
  });
});

describe("a dream set right", () => {
  it("is right from there on, and counts from there", async () => {
    const dream = new Dream(SPEC, 5);
    const game = await session(new Truth(), dream);
    await play(game, 8);
    await game.reanchor();
    expect([game.moment.apart, game.survival, game.anchors]).toEqual([null, 0, [8]]);
    expect(dream.shown).toBeUndefined();
    await play(game, 4);
    expect([game.survival, value(game.frames.dream)]).toEqual([4, 22]);
  });

  it("is shown the last true frames if it begins anew from them, also of an old tick", async () => {
    const dream = new Dream({ ...SPEC, opening: 4 }, 20);
    const game = await session(new Truth(), dream);
    await play(game, 600);
    await game.rewind(101);
    await game.reanchor();
    expect(dream.shown?.states.map(({ tick }) => tick)).toEqual([98, 99, 100, 101]);
    expect(dream.shown?.actions).toEqual([UP, UP, UP]);
    expect([game.last, game.survival]).toEqual([101, 0]);
    await play(game, 500);
    await game.rewind(110);
    expect([game.survival, game.moment.apart]).toEqual([9, null]);
  });
});

describe("a dream changed by hand", () => {
  it("goes on from there, and is found again", async () => {
    const game = await session(new Truth(), new Dream());
    await play(game, 10);
    await game.rewind(7);
    await game.change("value", 0, 100);
    expect([value(game.frames.dream), value(game.frames.truth), game.last]).toEqual([100, 17, 7]);
    await game.change("value", 0, 90);
    await play(game, 300);
    await game.rewind(9);
    expect([value(game.frames.dream), game.moment.apart, game.changed]).toEqual([92, 7, true]);
  });
});

describe("a dream of which a field is set", () => {
  it("goes on from there, and so again when it is played again", async () => {
    const game = await session(null, new Dream());
    await play(game, 9);
    await game.put("value", [100]);
    expect([value(game.frames.dream), game.values("value"), game.last, game.changed]).toEqual([100, [100], 9, false]);
    await play(game, 300);
    await game.put("value", [7]);
    await play(game, 400);
    for (const [tick, wanted] of [[8, 18], [9, 100], [11, 102], [308, 399], [309, 7], [310, 8], [700, 398]] as const) {
      await game.rewind(tick);
      expect([tick, value(game.frames.dream)]).toEqual([tick, wanted]);
    }
  });

  it("is one that can be", async () => {
    const game = await session(new Truth(), null);
    await expect(game.put("value", [1])).rejects.toThrow("cannot be changed");
    expect(() => game.values("value")).toThrow("cannot be read");
  });
});

describe("a dream that is only imagined otherwise", () => {
  it("shows what a number would draw, and stays as it was", async () => {
    const dream = new Dream();
    const game = await session(new Truth(), dream);
    await play(game, 10);
    await game.rewind(7);
    expect((await game.imagine("value", 0, [0, 300])).map(value)).toEqual([0, 300]);
    expect(dream.forgotten.slice(-2)).toEqual([{ value: 0, tick: 7 }, { value: 300, tick: 7 }]);
    expect([value(game.frames.dream), game.last, game.changed]).toEqual([17, 10, false]);
    await expect((await session(new Truth(), null)).imagine("value", 0, [0])).rejects.toThrow("cannot be changed");
  });
});

describe("params", () => {
  it("are as the game draws them unless they are given", async () => {
    const truth = new Truth();
    const game = await session(truth, new Dream());
    expect(await game.drawn(1, new Map())).toBeNull();
    expect(await game.drawn(1, new Map([["start", 20]]))).toEqual([20, 4]);
    expect(await game.drawn(1, new Map([["drawn", 3]]))).toEqual([10, 3]);
    expect(truth.forgotten).toHaveLength(2);
  });

  it("leave a player who presses nothing the action that is called so", () => {
    expect(idleAction(SPEC)).toBe(0);
    expect(idleAction({ ...SPEC, actions: ["up", "NOOP"] })).toBe(1);
    expect(idleAction({ ...SPEC, actions: ["a", "b"] })).toBe(0);
  });
});
