/** The light: what the world's trust in its own frame has meant for the frames that followed. */

import type { Calibration, Level } from "./simulator";

export interface Light {
  readonly level: "good" | "warn" | "bad" | "unknown";
  readonly text: string;
}

/** From which share of mistakes on within 100 ticks the light warns, and stops. */
const WARN = 0.05;
const BAD = 0.25;

/** What to tell a person of a trust of so many nats; null where there is nothing to tell. */
export function light(trust: number | null, calibration: Calibration | null): Light | null {
  if (trust === null) return null;
  const nats = `trust ${trust.toFixed(1)} nats`;
  const level = calibration && levelOf(trust, calibration);
  if (!calibration || !level) return { level: "unknown", text: nats };
  const share = level.wrong_within_100;
  if (share === null) return { level: "unknown", text: `${nats}, which was never measured` };
  const told = `${nats}; of such ticks ${percent(share)} went wrong within 100`;
  if (share >= BAD) return { level: "bad", text: `Don\u2019t trust me now: ${told}` };
  if (share >= WARN) return { level: "warn", text: `Not quite sure: ${told}` };
  if (trust < calibration.least) return { level: "warn", text: `Not quite sure: ${nats}, less than was ever measured` };
  return { level: "good", text: `Sure: ${told}` };
}

/** The closest level that has such a trust; above all that are told, the last. */
function levelOf(trust: number, { levels }: Calibration): Level | undefined {
  const ends = ({ below }: Level): number => below ?? Infinity;
  const sorted = [...levels].sort((one, other) => ends(one) - ends(other));
  return sorted.find((level) => trust < ends(level)) ?? sorted.at(-1);
}

function percent(share: number): string {
  return share > 0 && share < 0.01 ? "under 1 %" : `${(100 * share).toFixed(0)} %`;
}
