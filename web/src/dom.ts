/** The elements of page.html, by id. */

type Kind<E extends Element> = abstract new () => E;

/** The element `id`, which page.html has. */
export function need<E extends Element>(id: string, kind: Kind<E>): E {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${kind.name} #${id}`);
  return found;
}

export function button(id: string): HTMLButtonElement {
  return need(id, HTMLButtonElement);
}

export function input(id: string): HTMLInputElement {
  return need(id, HTMLInputElement);
}

export function select(id: string): HTMLSelectElement {
  return need(id, HTMLSelectElement);
}

/** Writes `text` where it differs from what is there: a reader of screens is told of changes only. */
export function write(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** A new element with a text in it. */
export function made<K extends keyof HTMLElementTagNameMap>(name: K, text = ""): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  element.textContent = text;
  return element;
}

/** A choice for a list. */
export function option(text: string, value: string): HTMLOptionElement {
  const choice = made("option", text);
  choice.value = value;
  return choice;
}

/** A label with its control behind the words. */
export function labelled(words: string, control: HTMLElement): HTMLLabelElement {
  const label = made("label", `${words} `);
  label.className = "field";
  label.append(control);
  return label;
}

export function hidden(element: Element, whether: boolean): void {
  element.toggleAttribute("hidden", whether);
}

/** Draws RGBA into a canvas of just that size. */
export function paint(canvas: HTMLCanvasElement, picture: Uint8ClampedArray<ArrayBuffer>, width: number): void {
  const height = picture.length / 4 / width;
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  canvas.getContext("2d")?.putImageData(new ImageData(picture, width, height), 0, 0);
}

/** Hands a file to the one who plays. */
export function download(content: Uint8Array, name: string, type: string): void {
  const link = made("a");
  link.href = URL.createObjectURL(new Blob([content.slice()], { type }));
  link.download = name;
  link.click();
  setTimeout(() => {
    URL.revokeObjectURL(link.href);
  }, 10_000);
}
