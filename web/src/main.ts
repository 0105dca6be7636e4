/**
 * The page begins here, with one of two backends: the network that lies in the page, or the server that sent it.
 *
 * Tests and tinkerers find all of it as `window.tickworld`: `await tickworld.ready`, then `tickworld.game.session` is a
 * `Session` to play by hand, such as `await session.step([1, 0])` and `session.frames.dream`. Pause the page before.
 */

import { hidden, need, write } from "./dom";
import { Game } from "./game";
import { open, unpackedText } from "./onnx";
import type { Backend } from "./simulator";
import { connect } from "./socket";

interface Hook {
  ready: Promise<void>;
  game?: unknown;
}

function block(id: string): string {
  const element = document.getElementById(id);
  if (!element) throw new Error(`this page lacks its part ${id}; get the file anew`);
  const text = element.textContent;
  element.remove(); // its megabytes are not needed twice
  return text;
}

async function play<S>(hook: Hook, backend: Backend<S>): Promise<void> {
  const game = new Game(backend);
  hook.game = game;
  hidden(need("game", HTMLElement), false);
  hidden(need("loading", HTMLElement), true);
  await game.begin();
}

/** Shows the licences of what an exported page carries, once someone wants to read them. */
function offerLicences(): void {
  const details = need("licences", HTMLDetailsElement);
  hidden(details, false);
  const read = async (): Promise<void> => {
    write(need("licence-text", HTMLElement), await unpackedText(block("world-notices")));
  };
  details.addEventListener("toggle", () => void read(), { once: true });
}

async function start(hook: Hook): Promise<void> {
  if (document.getElementById("world-facts")) {
    offerLicences();
    await play(hook, await open(block, document.getElementById("world-atlas") !== null));
    return;
  }
  const { protocol, host } = window.location;
  await play(hook, await connect(new WebSocket(`${protocol === "https:" ? "wss" : "ws"}://${host}/socket`)));
}

const hook: Hook = { ready: Promise.resolve() };
Object.assign(window, { tickworld: hook });
hook.ready = start(hook).catch((reason: unknown) => {
  hidden(need("loading", HTMLElement), true);
  const problem = need("problem", HTMLElement);
  write(problem, `This page cannot play: ${reason instanceof Error ? reason.message : String(reason)}`);
  hidden(problem, false);
});
