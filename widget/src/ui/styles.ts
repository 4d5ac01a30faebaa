/**
 * The look: a bar, and what a theme may set; what makes it a box is an extra. Both choices share one class: equal size, colour and place
 * (CCPA regs § 7004(a)(2)). The browser's own colours follow light and dark; borders in the text's colour survive
 * forced colours, where backgrounds don't. Lengths are in em of the visitor's own font size, whatever the page's is.
 */
export const STYLES =
  ":host{all:initial!important;display:block!important;position:absolute!important;inset-inline:0!important;--a:var(--privacy-choices-accent,#2563eb);--r:var(--privacy-choices-radius,.6em)}" +
  "@media print{:host{display:none!important}}" +
  "*{box-sizing:border-box;margin:0;font:inherit}" +
  ".card{color-scheme:light dark;font:medium/1.5 var(--privacy-choices-font,system-ui,sans-serif);color:var(--privacy-choices-color,CanvasText);background:var(--privacy-choices-background,Canvas);border:1px solid #8888;border-radius:var(--r);pointer-events:auto}" +
  "@media (prefers-contrast:more){.card{border-color:currentColor}}" +
  ".end{position:absolute;inset:0 0 auto;text-align:center;pointer-events:none}" +
  ".dock{position:fixed;z-index:2147483646;inset:auto 0 0;display:flex;flex-direction:column;pointer-events:none}" +
  ".banner{position:relative;box-shadow:0 0 1.5em #0004;padding:1.2em;max-height:80vh;overflow:auto;display:flex;flex-flow:wrap;gap:1em 2em;align-items:end;justify-content:center;border-width:1px 0 0;border-radius:0}" +
  ".words,.choices{flex:1 16em;max-width:44em}" +
  ".choices{display:grid;grid:auto-flow 1fr/repeat(auto-fit,minmax(min(100%,13em),1fr));gap:.8em}" +
  "h2,.choice{font-weight:600}" +
  "h2{font-size:1.2em;padding:0 0 .3em;padding-inline-end:2em}" +
  ".track,.knob{display:block}" +
  "a{color:inherit}" +
  "button{all:unset;cursor:pointer;padding:.6em;border:1px solid #0000;border-radius:var(--r);text-align:center}" +
  ":focus-visible{outline:3px solid var(--a);outline-offset:2px}" +
  "[tabindex]{outline:0}" +
  ".choice{color:var(--privacy-choices-on-accent,#fff);background:var(--a)}" +
  ".close{position:absolute;top:.2em;inset-inline-end:.2em;padding:0;width:1.6em;font-size:1.5em}" +
  ".hint:not(:empty){margin-top:.6em}" +
  ".status,.link{font-size:.85em;border-radius:2em;margin:.8em;padding:.4em 1em;display:inline-block}" +
  ".status{align-self:start;display:flex;align-items:center;padding:0;padding-inline-start:1em}" +
  ".status .close{position:static}" +
  ".track{width:3em;padding:.2em;border:2px solid;border-radius:2em}" +
  ".knob{width:0;border:.5em solid;border-radius:1em}";
