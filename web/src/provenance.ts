/**
 * Where a world comes from, as lines for people.
 *
 * What Python's `recipes.shelf.known` tells is put in words; whatever else there is follows as it stands.
 */

type Values = Readonly<Record<string, unknown>>;

/** One sentence on for how long it was right; empty where that was not measured. */
export function claim(provenance: Values): string {
  const told = part(provenance, "claim");
  const horizon = part(told, "pixel_horizon");
  const [median, survived, games] = [number(horizon, "median"), number(horizon, "survived"), number(told, "rollouts")];
  if (median === null || survived === null || games === null) return "";
  const end = `${(100 * survived).toFixed(0)} % of the games to the end`;
  return `Measured over ${whole(games)} games: right to the last pixel for a median of ${whole(median)} ticks, ${end}.`;
}

/** Names and what to tell of them. */
export function lines(provenance: Values): [string, string][] {
  const { claim, origin, ...others } = provenance;
  return [...claimed(asPart(claim)), ...trained(asPart(origin)), ...flat(others)];
}

function claimed(told: Values): [string, string][] {
  const [games, ticks] = [number(told, "rollouts"), number(told, "frames")];
  const horizons = (["pixel", "object"] as const).flatMap((what): [string, string][] => {
    const horizon = part(told, `${what}_horizon`);
    const [median, p10, survived] = [number(horizon, "median"), number(horizon, "p10"), number(horizon, "survived")];
    if (median === null || p10 === null || survived === null) return [];
    const name = what === "pixel" ? "Right to the last pixel" : "Right in every object";
    const text = `${whole(median)} ticks (median), ${whole(p10)} (p10), ${(100 * survived).toFixed(0)} % to the end`;
    return [[name, text]];
  });
  if (games === null || ticks === null) return horizons;
  const players = typeof told.players === "string" ? `, players: ${told.players}` : "";
  return [...horizons, ["Measured over", `${whole(games)} games of ${whole(ticks)} ticks${players}`]];
}

function trained(told: Values): [string, string][] {
  const { recipe, seed, minutes, iterations, source, versions, ...others } = told;
  const [time, steps] = [number(told, "minutes"), number(told, "iterations")];
  const named: [string, unknown][] = [
    ["Recipe", recipe],
    ["Seed", seed],
    ["Training", time === null || steps === null ? null : `${whole(time)} minutes, ${whole(steps)} iterations`],
    ["Made with", flat(asPart(versions)).map((pair) => pair.join(" ")).join(", ") || null],
    ["Learned from", source],
  ];
  return [...named.flatMap(([name, value]) => one(name, value)), ...flat(others)];
}

/** Nested values line by line. */
function flat(values: Values, before = ""): [string, string][] {
  return Object.entries(values).flatMap(([key, value]): [string, string][] => {
    const name = `${before}${key.replaceAll("_", " ")}`;
    if (isPart(value)) return flat(value, `${name}: `);
    return one(name, value);
  });
}

function one(name: string, value: unknown): [string, string][] {
  if (value === null || value === undefined) return [];
  return [[name, Array.isArray(value) ? value.map(plain).join(", ") : plain(value)]];
}

function plain(value: unknown): string {
  if (typeof value === "number") return value.toLocaleString("en", { maximumFractionDigits: 3, useGrouping: false });
  return typeof value === "string" ? value : JSON.stringify(value);
}

function whole(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: 0 });
}

function isPart(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function asPart(value: unknown): Values {
  return isPart(value) ? value : {};
}

function part(values: Values, name: string): Values {
  return asPart(values[name]);
}

function number(values: Values, name: string): number | null {
  const value = values[name];
  return typeof value === "number" ? value : null;
}
