/** From what is held down to what each player presses: keys, touch buttons and gamepads alike. */

import { idleAction } from "./session";
import type { Spec } from "./simulator";

/** One key: the code that a browser gives it, and which action of which player it presses. */
export interface Binding {
  readonly code: string;
  readonly player: number;
  readonly action: number;
}

type Layout = Readonly<Record<string, string>>;

const LEFT_HAND: Layout = { up: "KeyW", down: "KeyS", left: "KeyA", right: "KeyD", fire: "KeyE" };
const RIGHT_HAND: Layout = {
  up: "ArrowUp", down: "ArrowDown", left: "ArrowLeft", right: "ArrowRight", fire: "ShiftRight",
};
const DIGITS = "1234567890";

/**
 * The keys for the players that `people` names by number: W, A, S, D and the arrows for actions that are called up,
 * left, down and right, for one player both. Other actions get the digits, as far as they go.
 */
export function bindings(spec: Spec, people: readonly number[]): Binding[] {
  const idle = idleAction(spec);
  const found: Binding[] = [];
  let digits = 0;
  people.forEach((player, seat) => {
    const layouts = people.length === 1 ? [LEFT_HAND, RIGHT_HAND] : [[LEFT_HAND, RIGHT_HAND][seat] ?? {}];
    spec.actions.forEach((name, action) => {
      const codes = layouts.flatMap((layout) => layout[name.toLowerCase()] ?? []);
      if (codes.length === 0 && action !== idle && digits < DIGITS.length) codes.push(`Digit${DIGITS[digits++] ?? ""}`);
      found.push(...codes.map((code) => ({ code, player, action })));
    });
  });
  return found;
}

const LABELS: Layout = { ArrowUp: "\u2191", ArrowDown: "\u2193", ArrowLeft: "\u2190", ArrowRight: "\u2192" };

/** What is written on a key. */
export function label(code: string): string {
  return LABELS[code] ?? code.replace(/^(Key|Digit)/, "").replace("ShiftRight", "right Shift");
}

/** The code of a touch button, a key that is not on the keyboard. */
export function touchCode(player: number, action: number): string {
  return `touch:${player}:${action}`;
}

/**
 * What is held. Of two keys of one player the one that went down last counts. A key that went down and up between two
 * ticks is still seen at the next: at one tick a second every tap would be lost.
 */
export class Held {
  private readonly down: string[] = [];
  /** What gamepads hold. */
  private padded: readonly string[] = [];
  private taps: string[] = [];
  private keys: readonly Binding[] = [];
  private readonly idle: number;

  constructor(private readonly spec: Spec) {
    this.idle = idleAction(spec);
    this.seat(spec.players.map((_, player) => player));
  }

  /** Gives the keys to the players that `people` names by number. */
  seat(people: readonly number[]): void {
    const touch = this.spec.players.flatMap((_, player) =>
      this.spec.actions.map((_, action) => ({ code: touchCode(player, action), player, action })),
    );
    this.keys = [...bindings(this.spec, people), ...touch];
    this.clear();
  }

  /** Whether it is one of the game's keys. */
  press(code: string): boolean {
    if (!this.keys.some((key) => key.code === code)) return false;
    if (!this.down.includes(code)) {
      this.down.push(code);
      this.taps.push(code);
    }
    return true;
  }

  release(code: string): void {
    const place = this.down.indexOf(code);
    if (place >= 0) this.down.splice(place, 1);
  }

  /** Gamepads hold just `codes` now, whatever was cleared meanwhile. */
  hold(codes: readonly string[]): void {
    for (const code of this.padded) if (!codes.includes(code)) this.release(code);
    for (const code of codes) if (!this.padded.includes(code)) this.press(code);
    this.padded = codes;
  }

  /** Lets go of everything, as when the window loses the keyboard and would never hear of a key going up. */
  clear(): void {
    this.down.length = 0;
    this.taps = [];
    this.padded = [];
  }

  /** Forgets taps that no tick has seen. */
  settle(): void {
    this.taps = [];
  }

  /** What each player presses at this tick. */
  read(): number[] {
    const seen = [...this.down, ...this.taps.filter((code) => !this.down.includes(code))];
    this.taps = [];
    const actions = this.spec.players.map(() => this.idle);
    for (const code of seen) {
      const key = this.keys.find((each) => each.code === code);
      if (key) actions[key.player] = key.action;
    }
    return actions;
  }
}

/** What is used of a gamepad. */
export interface Pad {
  readonly axes: readonly number[];
  readonly buttons: readonly { readonly pressed: boolean }[];
}

/** The gamepads that a browser tells of: none where it has no word for them, or refuses. */
export function pads(browser: { readonly getGamepads?: () => readonly (Pad | null)[] }): readonly (Pad | null)[] {
  try {
    return browser.getGamepads?.() ?? [];
  } catch {
    return [];
  }
}

/** The names of the actions that a gamepad in the standard layout presses. */
export function padNames(pad: Pad): string[] {
  const [x = 0, y = 0] = pad.axes;
  const pressed = (button: number): boolean => pad.buttons[button]?.pressed ?? false;
  const held: Record<string, boolean> = {
    up: y < -0.5 || pressed(12),
    down: y > 0.5 || pressed(13),
    left: x < -0.5 || pressed(14),
    right: x > 0.5 || pressed(15),
    fire: pressed(0),
  };
  return Object.keys(held).filter((name) => held[name]);
}

/** The touch code that each gamepad holds down: the first gamepad plays for the first of `people`, and so on. */
export function padCodes(pads: readonly (Pad | null)[], spec: Spec, people: readonly number[]): string[] {
  const names = spec.actions.map((name) => name.toLowerCase());
  return pads
    .filter((pad) => pad !== null)
    .flatMap((pad, seat) => {
      const player = people[seat];
      if (player === undefined) return [];
      return padNames(pad).flatMap((name) => (names.includes(name) ? [touchCode(player, names.indexOf(name))] : []));
    });
}
