"""How the report looks. The page names the hash of this text in its security policy: no other style is obeyed."""

STYLE = """
:root {
  color-scheme: light dark;
  --page: #ffffff; --panel: #f4f6fa; --ink: #1d2430; --soft: #5b6675; --line: #d9dee7; --accent: #007a5e;
  --chart-ink: #1d2430; --chart-muted: #5b6675; --chart-grid: #d9dee7;
  --chart-1: #0b6fb8; --chart-2: #c2500b; --chart-3: #007a5e;
  --chart-4: #a3417f; --chart-5: #8a6d00; --chart-6: #3f3f9e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0e131c; --panel: #18202d; --ink: #e8ecf3; --soft: #a3afc0; --line: #303b4d; --accent: #35d3a8;
    --chart-ink: #e8ecf3; --chart-muted: #a3afc0; --chart-grid: #2a3444;
    --chart-1: #58b4f0; --chart-2: #ff9354; --chart-3: #35d3a8;
    --chart-4: #e58bc4; --chart-5: #e3c34a; --chart-6: #a9a9ff;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
main { max-width: 66rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
header { margin-bottom: 1.75rem; }
h1 { margin: 0; font-size: 1.05rem; font-weight: 600; letter-spacing: 0.02em;
  color: var(--soft); overflow-wrap: anywhere; }
h2 { margin: 3rem 0 1rem; font-size: 1.3rem; line-height: 1.25; }
.headline {
  margin: 0.3rem 0 0; font-size: clamp(1.8rem, 5vw, 2.9rem); font-weight: 700; line-height: 1.12;
  letter-spacing: -0.015em;
  text-wrap: balance;
}
.lead { margin: 0.9rem 0 0; max-width: 46rem; font-size: 1.1rem; }
figure { margin: 0 0 2rem; }
figcaption { margin-top: 0.6rem; max-width: 46rem; color: var(--soft); font-size: 0.95rem; }
img { display: block; max-width: 100%; height: auto; border-radius: 8px; image-rendering: pixelated; }
.plot img { image-rendering: auto; }
section > p { margin: 0 0 1.25rem; max-width: 46rem; }
.chart { overflow-x: auto; }
.chart svg { display: block; width: 100%; min-width: 32rem; max-width: 58rem; height: auto; stroke-linejoin: round; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 1px; margin: 0; padding: 1px;
  background: var(--line); border-radius: 8px; overflow: hidden; }
dl div { padding: 0.75rem 1rem; background: var(--panel); }
dt { color: var(--soft); font-size: 0.9rem; }
dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; margin-bottom: 2rem; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { padding-bottom: 0.6rem; text-align: left; color: var(--soft); font-size: 0.95rem; }
th, td { padding: 0.5rem 0.75rem; text-align: right; font-weight: 400;
  border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child { padding-left: 0; text-align: left; white-space: normal; min-width: 10rem; }
thead th { color: var(--soft); font-size: 0.9rem; vertical-align: bottom; }
tbody tr:first-child > * { font-weight: 700; }
tbody tr:first-child th { color: var(--accent); }
pre {
  margin: 0; padding: 1rem 1.1rem; overflow-x: auto; background: var(--panel); border: 1px solid var(--line);
  border-radius: 8px; font: 0.9rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
}
.command { font-size: 1rem; }
details { margin-top: 1rem; }
summary { padding: 0.4rem 0; cursor: pointer; color: var(--accent); font-weight: 600; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
@media (max-width: 66rem) { img { image-rendering: auto; } } /* made smaller, single pixels would be dropped */
@media print { main { max-width: none; padding: 0; } figure, tr { break-inside: avoid; } }
"""
