/** Who plays each player: the keys, or one of the players that there are; and the touch buttons for the keys. */

import { hidden, labelled, made, need, option } from "./dom";
import { bindings, label, touchCode, type Held } from "./keys";
import { idleAction, type Session } from "./session";

const KEYS = "keys";
/** Whose frames the players see who are no keys, as `Session.eyes` has it. */
const EYES = ["truth", "dream"] as const;
/** Who plays all but the first player at first, where there are such: somebody to play against. */
const OPPONENTS = ["tracking"];

export class Seats<S> {
  constructor(
    private readonly session: Session<S>,
    private readonly held: Held,
    private readonly players: readonly string[],
    /** Players who can take one side only, by name; they sit there at first. */
    private readonly own: Readonly<Record<string, string>> = {},
  ) {
    const opponent = OPPONENTS.find((name) => players.includes(name)) ?? null;
    session.sides = session.spec.players.map(
      (side, number) => players.find((name) => own[name] === side) ?? (number > 0 ? opponent : null),
    );
    this.show();
  }

  /** The players whom the keys play, by number. */
  get people(): number[] {
    return this.session.sides.flatMap((who, side) => (who === null ? [side] : []));
  }

  private show(): void {
    this.held.seat(this.people);
    const keys = bindings(this.session.spec, this.people);
    need("sides", HTMLElement).replaceChildren(
      ...this.session.spec.players.map((name, side) => {
        const row = made("div");
        row.className = "side";
        row.append(labelled(name, this.choice(side)));
        if (this.session.sides[side] === null) {
          const own = keys.filter((key) => key.player === side);
          const hints = this.session.spec.actions.flatMap((action, number) => {
            const codes = own.filter((key) => key.action === number).map((key) => made("kbd", label(key.code)));
            return codes.length ? [...codes, ` ${action} `] : [];
          });
          const hint = made("span");
          hint.append(...hints);
          row.append(hint);
        }
        return row;
      }),
      ...this.eyes(),
    );
    this.showTouch();
  }

  /** The choice of what players see, where there are truth and dream and somebody to see them. */
  private eyes(): HTMLElement[] {
    const { session } = this;
    if (!session.truth || !session.dream || session.sides.every((who) => who === null)) return [];
    const list = made("select");
    list.append(...EYES.map((name) => option(name, name)));
    list.value = session.eyes;
    list.addEventListener("change", () => {
      session.eyes = EYES.find((name) => name === list.value) ?? session.eyes;
    });
    const row = made("div");
    row.className = "side";
    row.append(labelled("players see the", list));
    return [row];
  }

  private choice(side: number): HTMLSelectElement {
    const list = made("select");
    const name = this.session.spec.players[side];
    const able = this.players.filter((who) => (this.own[who] ?? name) === name);
    list.append(option(KEYS, ""), ...able.map((who) => option(who, who)));
    list.value = this.session.sides[side] ?? "";
    list.addEventListener("change", () => {
      this.session.sides[side] = list.value || null;
      this.show();
      need("sides", HTMLElement).querySelectorAll("select")[side]?.focus();
    });
    return list;
  }

  private showTouch(): void {
    const { spec } = this.session;
    const idle = idleAction(spec);
    const groups = this.people.map((player) => {
      const group = made("div");
      group.append(made("span", spec.players[player]));
      group.append(
        ...spec.actions.flatMap((name, action) => (action === idle ? [] : [this.touchButton(name, player, action)])),
      );
      return group;
    });
    const touch = need("touch", HTMLElement);
    touch.replaceChildren(...groups);
    hidden(touch, groups.length === 0);
  }

  private touchButton(name: string, player: number, action: number): HTMLButtonElement {
    const code = touchCode(player, action);
    const button = made("button", label(`Arrow${name.charAt(0).toUpperCase()}${name.slice(1)}`).replace("Arrow", ""));
    button.type = "button";
    button.setAttribute("aria-label", `${this.session.spec.players[player] ?? ""} ${name}`);
    const release = (): void => {
      this.held.release(code);
      delete button.dataset.held;
    };
    button.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      button.setPointerCapture(event.pointerId);
      button.dataset.held = "";
      this.held.press(code);
    });
    for (const kind of ["pointerup", "pointercancel", "lostpointercapture"]) button.addEventListener(kind, release);
    button.addEventListener("contextmenu", (event) => {
      event.preventDefault();
    });
    button.addEventListener("click", ({ detail }) => {
      if (detail !== 0) return; // a finger was seen above; this is a keyboard's or a switch's tap
      this.held.press(code);
      this.held.release(code);
    });
    return button;
  }
}
