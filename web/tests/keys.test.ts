import { describe, expect, it } from "vitest";

import { bindings, Held, label, padCodes, pads, touchCode } from "../src/keys";
import type { Spec } from "../src/simulator";
import { SPEC } from "./counter";

function keys(spec: Spec, people: number[]): Record<string, string> {
  return Object.fromEntries(
    bindings(spec, people).map(({ code, player, action }) => [code, `${player} ${spec.actions[action] ?? ""}`]),
  );
}

describe("keys", () => {
  it("give two people a hand each", () => {
    expect(keys(SPEC, [0, 1])).toEqual({ KeyW: "0 up", KeyS: "0 down", ArrowUp: "1 up", ArrowDown: "1 down" });
  });

  it("give one person both", () => {
    expect(keys(SPEC, [1])).toEqual({ KeyW: "1 up", KeyS: "1 down", ArrowUp: "1 up", ArrowDown: "1 down" });
  });

  it("give other actions the digits, as far as they go", () => {
    const spec = { ...SPEC, players: ["one"], actions: ["NOOP", "LEFT", "jump", "fire", ..."abcdefghijk".split("")] };
    const found = keys(spec, [0]);
    expect(found).toMatchObject({ KeyA: "0 LEFT", ArrowLeft: "0 LEFT", Digit1: "0 jump", KeyE: "0 fire" });
    expect(found.Digit0).toBe("0 i");
    expect(Object.values(found)).not.toContain("0 j");
    expect(Object.values(found)).not.toContain("0 NOOP");
  });

  it("are named for people", () => {
    expect(["KeyW", "ArrowUp", "Digit3", "ShiftRight"].map(label)).toEqual(["W", "\u2191", "3", "right Shift"]);
  });
});

describe("what is held", () => {
  it("counts for each player apart, the last key first", () => {
    const held = new Held(SPEC);
    expect([held.press("KeyW"), held.press("ArrowUp"), held.press("KeyQ")]).toEqual([true, true, false]);
    expect(held.read()).toEqual([1, 1]);
    held.press("KeyS");
    expect(held.read()).toEqual([2, 1]);
    held.release("KeyS");
    expect(held.read()).toEqual([1, 1]);
    held.release("KeyW");
    expect(held.read()).toEqual([0, 1]);
  });

  it("is let go with the window", () => {
    const held = new Held(SPEC);
    held.press("KeyW");
    held.clear();
    expect(held.read()).toEqual([0, 0]);
  });

  it("shows a tap that ended before the tick, once", () => {
    const held = new Held(SPEC);
    held.press("KeyW");
    held.release("KeyW");
    expect([held.read(), held.read()]).toEqual([[1, 0], [0, 0]]);
    held.press("KeyW");
    held.release("KeyW");
    held.settle();
    expect(held.read()).toEqual([0, 0]);
  });

  it("may be a touch button, whoever has the keys", () => {
    const held = new Held(SPEC);
    held.seat([0]);
    held.press(touchCode(1, 2));
    held.press("ArrowUp");
    expect(held.read()).toEqual([1, 2]);
  });
});

describe("gamepads", () => {
  it("press by name, a seat each", () => {
    const still = { axes: [0, 0], buttons: [] };
    const up = { axes: [0, -1], buttons: [{ pressed: true }] };
    expect(padCodes([null, up, still], SPEC, [1])).toEqual([touchCode(1, 1)]);
    expect(padCodes([still, up], SPEC, [0, 1])).toEqual([touchCode(1, 1)]);
  });

  it("go on holding what they hold when the rest is let go", () => {
    const held = new Held(SPEC);
    held.hold([touchCode(0, 1)]);
    held.press("ArrowDown");
    held.clear();
    held.hold([touchCode(0, 1)]);
    expect([held.read(), held.read()]).toEqual([[1, 0], [1, 0]]);
    held.hold([touchCode(1, 2)]);
    expect(held.read()).toEqual([0, 2]);
    held.hold([]);
    expect(held.read()).toEqual([0, 0]);
  });

  it("are none where a browser will not tell", () => {
    const pad = { axes: [], buttons: [] };
    const refuse = (): never => {
      throw new Error("not here");
    };
    expect([pads({ getGamepads: () => [pad] }), pads({}), pads({ getGamepads: refuse })]).toEqual([[pad], [], []]);
  });
});
